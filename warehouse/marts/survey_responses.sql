-- One row per touched survey invitation; what it does not say of channel, team, agent and topic its ticket says.
select
    delivered.source,
    delivered.response_id,
    delivered.survey,
    delivered.kind,
    delivered.scale_min,
    delivered.scale_max,
    delivered.score,
    delivered.comment,
    delivered.sent_at,
    delivered.answered_at,
    delivered.ticket_id,
    coalesce(delivered.customer, tickets.customer) as customer,
    coalesce(delivered.channel, tickets.channel) as channel,
    coalesce(delivered.team, tickets.team) as team,
    coalesce(delivered.agent, tickets.agent) as agent,
    coalesce(delivered.topic, tickets.topic) as topic,
    delivered.weight,
from store.survey_rows as delivered
semi join touched_responses using (source, response_id)
left join store.tickets as tickets on tickets.source = delivered.source and tickets.ticket_id = delivered.ticket_id
qualify
    row_number() over (
        partition by delivered.source, delivered.response_id
        order by
            coalesce(delivered.version_at, delivered.modified_at) desc,
            delivered.modified_at desc,
            delivered.file_no desc,
            delivered.line_no desc
    )
    = 1
