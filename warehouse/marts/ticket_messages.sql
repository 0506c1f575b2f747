-- One row per message of a touched ticket, without its text, with agents by name. Where a source's key lets one message stand under two
-- keys, the newest row holds.
with
    newest as (
        select source, ticket_id, key, sent_at, author, author_kind, is_public, channel,
        from store.message_rows
        semi join touched using (source, ticket_id)
        qualify
            row_number() over (
                partition by source, ticket_id, message_id
                order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
            )
            = 1
    )

select
    newest.* replace (
        coalesce(agents.shown, newest.author) as author,
        case
            when newest.author_kind <> 'by_author' then newest.author_kind when agents.shown is not null then 'agent' else 'customer'
        end as author_kind
    ),
from newest
left join
    spelled_names as agents
    on agents.source = newest.source
    and agents.of = 'agent'
    and agents.spelling = case when newest.author_kind in ('agent', 'by_author') then newest.author end
