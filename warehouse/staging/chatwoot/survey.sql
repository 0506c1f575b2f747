-- One row per conversation's survey: as it was asked for among the messages, and as it was answered. What is known of the answer is newer.
with
    messages as (select filename, unnest(json_extract(body, '$.payload[*]')) as message from pages where endpoint = 'messages'),

    responses as (select filename, unnest(json_extract(body, '$[*]')) as response from pages where endpoint = 'csat_responses')

select
    filename,
    lacks(message, ['id', 'conversation_id', 'created_at']) as fault,
    message ->> '$.id' as response_id,
    'CSAT' as survey,
    'csat' as kind,
    message ->> '$.content_attributes.submitted_values.csat_survey_response.rating' as score,
    message ->> '$.content_attributes.submitted_values.csat_survey_response.feedback_message' as comment,
    message ->> '$.created_at' as sent_at,
    null as answered_at,
    message ->> '$.conversation_id' as ticket_id,
    null as agent,
    null as customer,
    message ->> '$.created_at' as updated_at,
from messages
where message ->> '$.content_type' = 'input_csat'
union all
select
    filename,
    lacks(response, ['id', 'message_id', 'conversation_id', 'rating', 'feedback_message', 'created_at']) as fault,
    response ->> '$.message_id' as response_id,
    'CSAT' as survey,
    'csat' as kind,
    response ->> '$.rating' as score,
    response ->> '$.feedback_message' as comment,
    response ->> '$.created_at' as sent_at,
    response ->> '$.created_at' as answered_at,
    response ->> '$.conversation_id' as ticket_id,
    'agent-' || (response ->> '$.assigned_agent.id') as agent,
    response ->> '$.contact.id' as customer,
    response ->> '$.created_at' as updated_at,
from responses
