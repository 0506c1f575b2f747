-- One row per source: how far its data goes (from the hour first_at to as_of), when it was delivered, and whether it says who was
-- answered when.
with
    first_moments as (
        select source, min(first_at) as first_at,
        from
            (
                select source, min(hour) as first_at,
                from store.queue_changes
                group by source
                union all
                select source, min(sent_at) as first_at,
                from survey_responses
                group by source
            )
        group by source
    ),

    delivered as (
        select source, max(as_of) as as_of, max(delivered_at) as delivered_at, bool_or(answers_known) as answers_known,
        from sources
        group by source
    )

select delivered.source, first_moments.first_at, delivered.as_of, delivered.delivered_at, delivered.answers_known,
from delivered
left join first_moments on first_moments.source = delivered.source
order by delivered.source
