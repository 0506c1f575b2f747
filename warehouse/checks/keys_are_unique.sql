-- severity: error
-- meaning: a row stands more than once
select source, 'wait ' || ticket_id || ' turn ' || turn as example,
from store.waits
semi join checked_tickets using (ticket_no)
group by source, ticket_id, turn
having count(*) > 1
union all
select source, 'message ' || message_id as example,
from messages
semi join checked_tickets using (ticket_no)
group by source, ticket_id, message_id
having count(*) > 1
union all
select source, 'survey answer ' || response_id as example,
from survey_responses
group by source, response_id
having count(*) > 1
union all
select source, 'agent ' || agent as example,
from agents
group by source, agent
having count(*) > 1
