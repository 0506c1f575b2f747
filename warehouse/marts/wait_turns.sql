-- One row per wait of a touched ticket, without what was promised.
-- Three ways to know one: a call in a queue; the messages to and fro; or the ticket's own times.
with
    answering_sources as (select source from sources group by source having bool_or(answers_known)),

    waits_of_calls as (
        select
            calls.ticket,
            coalesce(calls.queued_at, calls.answered_at) as began_at,
            coalesce(calls.answered_at, calls.abandoned_at, calls.ended_at) as ended_at,
            case
                when calls.answered_at is not null
                then 'answered'
                when calls.abandoned_at is not null or calls.ended_at is not null
                then 'abandoned'
                else 'waiting'
            end as outcome,
            calls.channel,
            calls.agent,
            calls.queued_at is not null as queued,
        from delivered_calls as calls
        semi join ticket_base using (ticket)
        where calls.queued_at is not null or calls.answered_at is not null
    ),

    -- Marks in a ticket's time: the customer turns to us, an agent answers, the ticket is done or given up.
    marks as (
        select
            ticket_base.ticket,
            ticket_base.created_at as marked_at,
            0 as rank,
            'customer' as mark,
            ticket_base.channel,
            null::varchar as agent,
        from ticket_base
        where
            ticket_base.has_messages
            and not ticket_base.has_calls
            -- A first message by an agent as the ticket was made: we turned to the customer.
            and not exists (
                select 1
                from ticket_messages as messages
                where
                    messages.ticket = ticket_base.ticket
                    and messages.author_kind = 'agent'
                    and messages.is_public
                    and messages.sent_at <= ticket_base.created_at
            )
        union all
        select
            ticket,
            sent_at as marked_at,
            case author_kind when 'customer' then 0 else 1 end as rank,
            case author_kind when 'customer' then 'customer' else 'answered' end as mark,
            channel,
            author as agent,
        from ticket_messages
        where is_public and author_kind in ('customer', 'agent')
        union all
        select
            changes.ticket,
            changes.happened_at as marked_at,
            2 as rank,
            case changes.change when 'abandoned' then 'abandoned' else 'solved' end as mark,
            null as channel,
            null as agent,
        from backlog_built as changes
        inner join ticket_base using (ticket)
        where changes.change in ('solved', 'abandoned', 'removed') and ticket_base.has_messages
    ),

    -- Marks up to and with the next end belong together: the customer's first mark among them begins the wait.
    numbered_marks as (
        select
            *,
            coalesce(
                sum(case when mark <> 'customer' then 1 else 0 end) over (
                    partition by ticket order by marked_at, rank, agent rows between unbounded preceding and 1 preceding
                ),
                0
            ) as stretch,
        from marks
    ),

    waits_of_messages as (
        select
            ticket,
            min(marked_at) filter (where mark = 'customer') as began_at,
            max(marked_at) filter (where mark <> 'customer') as ended_at,
            coalesce(max(mark) filter (where mark <> 'customer'), 'waiting') as outcome,
            -- A customer who called and writes later waits on the channel they write on.
            arg_min(channel, (marked_at, rank)) filter (where mark = 'customer' and channel is not null) as channel,
            max(agent) filter (where mark = 'answered') as agent,
            true as queued,
        from numbered_marks
        group by ticket, stretch
        having count(*) filter (where mark = 'customer') > 0
    ),

    first_ends as (
        select
            ticket,
            arg_min(happened_at, happened_at) as ended_at,
            arg_min(case change when 'abandoned' then 'abandoned' else 'solved' end, happened_at) as outcome,
        from backlog_built
        where change in ('solved', 'abandoned', 'removed')
        group by ticket
    ),

    waits_of_tickets as (
        select
            ticket_base.ticket,
            ticket_base.created_at as began_at,
            coalesce(ticket_base.first_response_at, first_ends.ended_at) as ended_at,
            case when ticket_base.first_response_at is not null then 'answered' else coalesce(first_ends.outcome, 'waiting') end as outcome,
            ticket_base.channel,
            ticket_base.agent,
            true as queued,
        from ticket_base
        semi join answering_sources using (source)
        left join first_ends using (ticket)
        where not ticket_base.has_messages and not ticket_base.has_calls
    ),

    all_waits as (
        select *
        from waits_of_calls
        union all by name
        select *
        from waits_of_messages
        union all by name
        select *
        from waits_of_tickets
    ),

    turns as (select *, row_number() over (partition by ticket order by began_at, ended_at, outcome, agent) as turn, from all_waits),

    described as (
        select
            ticket_base.source,
            turns.ticket,
            turns.turn,
            case when turns.turn = 1 then 'first' else 'next' end as kind,
            coalesce(turns.channel, ticket_base.channel) as channel,
            ticket_base.team,
            case when turns.outcome = 'answered' then turns.agent else coalesce(turns.agent, ticket_base.agent) end as agent,
            ticket_base.topic,
            ticket_base.priority,
            turns.began_at,
            turns.ended_at,
            turns.outcome,
            turns.queued,
            case when turns.ended_at >= turns.began_at then epoch(turns.ended_at - turns.began_at) end as wait_seconds,
            case when turns.ended_at < turns.began_at then 'answered before asked' end as fault,
        from turns
        inner join ticket_base using (ticket)
    )

select *
from described
