-- One row per comment on a survey that customers were sent between $start and $end, the newest first, at most $most; `found`, how many
-- there
-- are in all. $words: every one of them is somewhere in the comment, whatever the case and the accents. $mood: happy (satisfied, found it
-- easy, promoters), unhappy (detractors; else the lowest two fifths of the scale) or neutral; null: all.
with
    commented as (
        select *
        from survey_responses
        where
            trim(comment) <> ''
            and ($start is null or sent_at >= $start)
            and ($end is null or sent_at < $end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
            and (
                $words::varchar[] is null
                or len(list_filter($words::varchar[], lambda word: not contains(lower(strip_accents(comment)), lower(strip_accents(word)))))
                = 0
            )
    ),

    -- Which answers are happy is the metric's own say.
    moods as (
        select
            kind,
            scale_min,
            scale_max,
            score,
            case
                when
                    coalesce(
                        csat(score, scale_min, scale_max, kind),
                        ces(score, scale_min, scale_max, kind),
                        nps(score, scale_min, scale_max, kind) / 100
                    )
                    = 1
                then 'happy'
                when coalesce(nps(score, scale_min, scale_max, kind) = -100, score <= scale_min + (scale_max - scale_min) * 2 / 5)
                then 'unhappy'
                else 'neutral'
            end as mood,
        from commented
        where score is not null
        group by kind, scale_min, scale_max, score
    ),

    chosen as (
        select commented.*, moods.mood,
        from commented
        left join
            moods
            on moods.kind = commented.kind
            and moods.scale_min = commented.scale_min
            and moods.scale_max = commented.scale_max
            and moods.score = commented.score
        where $mood::varchar is null or moods.mood = $mood
    ),

    newest as (
        select *, coalesce(answered_at, sent_at) as said_at, count(*) over () as found,
        from chosen
        order by said_at desc, source, response_id
        limit $most
    )

select
    newest.said_at,
    newest.kind,
    newest.survey,
    newest.score,
    newest.scale_min,
    newest.scale_max,
    newest.mood,
    newest.comment,
    newest.channel,
    newest.topic,
    newest.team,
    newest.agent,
    newest.source,
    newest.ticket_id,
    tickets.subject,
    newest.found,
from newest
left join store.tickets as tickets on tickets.source = newest.source and tickets.ticket_id = newest.ticket_id
order by newest.said_at desc, newest.source, newest.response_id
