-- One row per comment, at most three: of the surveys sent in the period, the newest two of the lowest scores and the newest one of the
-- highest. `place` is where the score lies on its scale, 0 to 1.
with
    commented as (
        select
            source,
            ticket_id,
            response_id,
            kind,
            comment,
            score,
            scale_min,
            scale_max,
            (score - scale_min) / nullif(scale_max - scale_min, 0) as place,
            coalesce(answered_at, sent_at) as said_at,
            channel,
            topic,
        from survey_responses
        where
            trim(comment) <> ''
            and score is not null
            and sent_at >= $start
            and sent_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    ranked as (
        select
            *,
            row_number() over (order by place, said_at desc, source, response_id) as from_below,
            row_number() over (order by place desc, said_at desc, source, response_id) as from_above,
        from commented
        where place is not null
    )

select source, ticket_id, kind, comment, score, scale_min, scale_max, place, said_at, channel, topic,
from ranked
where (from_below <= 2 and place < 0.75) or (from_above = 1 and place >= 0.5)
order by place, said_at desc, source, response_id
