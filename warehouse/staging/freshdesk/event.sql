-- One row per ticket of a page: the hours that it comes under, which are those of its group (staging/freshdesk/schedule.sql).
with tickets as (select filename, unnest(json_extract(body, '$[*]')) as ticket from pages)

select
    filename,
    lacks(ticket, ['id', 'created_at', 'updated_at', 'group_id']) as fault,
    'schedule of ' || (ticket ->> '$.id') as event_id,
    ticket ->> '$.id' as ticket_id,
    ticket ->> '$.created_at' as happened_at,
    'schedule' as field,
    coalesce('group ' || (ticket ->> '$.group_id'), 'default') as new_value,
    ticket ->> '$.updated_at' as updated_at,
from tickets
