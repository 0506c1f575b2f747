-- One row: when the data of the chosen sources begins; null where there is none.
select
    least(
        (select min(hour) from queue_hours where $sources is null or list_contains($sources, source)),
        (select min(sent_at) from survey_responses where $sources is null or list_contains($sources, source))
    ) as first_at
