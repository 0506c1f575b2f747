-- One row per message of a touched ticket, without its text, with agents by name. Where a source's key lets one message stand under two
-- keys, the newest row holds.
with
    newest as (
        select source, ticket, stored_row, key, sent_at, author, author_kind, is_public, channel,
        from delivered_messages
        qualify
            row_number() over (
                partition by ticket, message_id
                order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
            )
            = 1
    ),

    to_be_judged as (select distinct ticket from newest where author_kind = 'by_author'),

    -- Who holds a ticket, or once held it, is an agent, though their account, and with it their name, is gone.
    holders as (
        select ticket, agent, as_customer(agent) as hashed,
        from
            (
                select ticket, agent
                from delivered_tickets
                semi join to_be_judged using (ticket)
                union
                select ticket, new_value as agent
                from delivered_events
                semi join to_be_judged using (ticket)
                where field = 'agent'
            )
        where agent is not null
    )

select
    newest.* replace (
        coalesce(agents.shown, holders.agent, newest.author) as author,
        case
            when newest.author_kind <> 'by_author'
            then newest.author_kind
            when coalesce(agents.shown, holders.agent) is not null
            then 'agent'
            else 'customer'
        end as author_kind
    ),
from newest
left join
    spelled_names as agents
    on agents.source = newest.source
    and agents.of = 'agent'
    and agents.spelling = case when newest.author_kind in ('agent', 'by_author') then newest.author end
left join
    holders on newest.author_kind = 'by_author' and holders.ticket = newest.ticket and newest.author in (holders.agent, holders.hashed)
