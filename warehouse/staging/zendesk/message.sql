-- One row per comment of a ticket in a page's audits, and per audit that cannot be read.
with
    audits as (select filename, unnest(json_extract(body, '$.ticket_events[*]')) as audit from pages),

    told as (
        select
            filename,
            lacks(audit, ['id', 'ticket_id', 'timestamp', 'child_events']) as fault,
            json_transform(
                audit, '{"ticket_id": "varchar", "created_at": "varchar", "timestamp": "varchar", "child_events": ["json"]}'
            ) as audit,
        from audits
    ),

    children as (
        select
            filename,
            audit.ticket_id as ticket_id,
            coalesce(audit.created_at, audit.timestamp) as happened_at,
            unnest(audit.child_events) as child,
        from told
        where fault is null
    ),

    comments as (
        select
            filename,
            ticket_id,
            happened_at,
            lacks(child, ['id', 'author_id', 'public', 'body']) as fault,
            json_transform(
                child,
                '{"id": "varchar", "author_id": "varchar", "public": "varchar", "created_at": "varchar", "body": "varchar", "plain_body": "varchar"}'
            ) as comment,
        from children
        where (child ->> '$.event_type') in ('Comment', 'VoiceComment', 'FacebookComment', 'Tweet')
    )

select filename, fault
from told
where fault is not null
union all by name
select
    filename,
    fault,
    comment.id as message_id,
    ticket_id,
    coalesce(comment.created_at, happened_at) as sent_at,
    comment.author_id as author,
    case when comment.author_id = '-1' then 'bot' else 'by_author' end as author_kind,
    comment.public as is_public,
    coalesce(comment.plain_body, comment.body) as body,
from comments
