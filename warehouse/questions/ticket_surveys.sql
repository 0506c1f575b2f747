-- One row per survey invitation of ticket $ticket_id of $source, answered or not, in order.
select response_id, survey, kind, scale_min, scale_max, score, comment, sent_at, answered_at,
from survey_responses
where source = $source and ticket_id = $ticket_id
order by sent_at, response_id
