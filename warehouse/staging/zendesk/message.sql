-- One row per comment of a ticket in a page's audits, and per audit that cannot be read.
with
    audits as (select filename, unnest(json_extract(body, '$.ticket_events[*]')) as audit from pages),

    judged as (select filename, audit, lacks(audit, ['id', 'ticket_id', 'timestamp', 'child_events']) as fault, from audits),

    children as (select filename, audit, unnest(json_extract(audit, '$.child_events[*]')) as child, from judged where fault is null)

select filename, fault
from judged
where fault is not null
union all by name
select
    filename,
    lacks(child, ['id', 'author_id', 'public', 'body']) as fault,
    child ->> '$.id' as message_id,
    audit ->> '$.ticket_id' as ticket_id,
    coalesce(child ->> '$.created_at', audit ->> '$.created_at', audit ->> '$.timestamp') as sent_at,
    child ->> '$.author_id' as author,
    case when child ->> '$.author_id' = '-1' then 'bot' else 'by_author' end as author_kind,
    child ->> '$.public' as is_public,
    coalesce(child ->> '$.plain_body', child ->> '$.body') as body,
from children
where child ->> '$.event_type' in ('Comment', 'VoiceComment', 'FacebookComment', 'Tweet')
