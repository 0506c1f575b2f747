-- One row per change of a touched ticket.
with
    -- Who is known to be no customer: an actor is kept as a hash until a name of the same ticket says whose it is.
    names_of_tickets as (
        select distinct ticket, name,
        from
            (
                select ticket, unnest([agent, supervisor, manager]) as name,
                from ticket_base
                union all
                select ticket, unnest([agent, supervisor, manager, old_agent, new_agent]) as name,
                from
                    (
                        select
                            ticket,
                            agent,
                            supervisor,
                            manager,
                            case when field = 'agent' then old_value end as old_agent,
                            case when field = 'agent' then new_value end as new_agent,
                        from delivered_events
                        semi join ticket_base using (ticket)
                    )
                union all
                select ticket, author as name,
                from ticket_messages
                where author_kind in ('agent', 'bot')
                union all
                select ticket, agent as name,
                from delivered_calls
                semi join ticket_base using (ticket)
            )
        where name is not null
    ),

    -- A hash takes a microsecond, and agents are few: each of their names is hashed once.
    hashed_names as (select name, as_customer(name) as actor, from (select distinct name, from names_of_tickets)),

    agents_of_tickets as (
        select ticket, actor, min(name) as name, from names_of_tickets inner join hashed_names using (name) group by ticket, actor
    ),

    changes as (
        select
            source, ticket, happened_at, coalesce(position, 0) as position, key, field, old_value, new_value, actor, false as is_inferred,
        from delivered_events
        semi join ticket_base using (ticket)
        where field is not null
    ),

    -- Sources that deliver the whole ticket after each change: what differs from the row before is what changed.
    states as (
        select
            source,
            ticket,
            happened_at,
            coalesce(position, 0) as position,
            key,
            actor,
            row_number() over rows_of_ticket as row_of_ticket,
            unnest(
                [
                    {'field':'status', 'old_value':lag(status) over rows_of_ticket, 'new_value':status},
                    {'field':'team', 'old_value':lag(team) over rows_of_ticket, 'new_value':team},
                    {'field':'agent', 'old_value':lag(agent) over rows_of_ticket, 'new_value':agent},
                    {'field':'priority', 'old_value':lag(priority) over rows_of_ticket, 'new_value':priority},
                    {'field':'channel', 'old_value':lag(channel) over rows_of_ticket, 'new_value':channel}
                ]
            ) as change,
        from delivered_events
        semi join ticket_base using (ticket)
        where field is null
        window rows_of_ticket as (partition by ticket order by happened_at, coalesce(position, 0), key)
    ),

    -- What the first row shows was set at some time before it: known to be so, not when.
    state_changes as (
        select
            source,
            ticket,
            happened_at,
            position,
            key,
            change.field as field,
            change.old_value as old_value,
            change.new_value as new_value,
            actor,
            row_of_ticket = 1 as is_inferred,
        from states
        where change.old_value is distinct from change.new_value
    ),

    delivered as (
        select *
        from changes
        union all by name
        select *
        from state_changes
    ),

    last_known as (
        select ticket, arg_max(lower(new_value), (happened_at, position, key)) as status, max(happened_at) as known_at,
        from delivered
        where field = 'status'
        group by ticket
    ),

    -- Tickets whose changes are not delivered, or not to the end: their own times say when they came and were solved.
    inferred as (
        select ticket_base.source, ticket_base.ticket, ticket_base.created_at as happened_at, 'new' as new_value, 0 as step,
        from ticket_base
        anti join last_known using (ticket)
        union all
        select
            ticket_base.source,
            ticket_base.ticket,
            greatest(
                coalesce(
                    ticket_base.abandoned_at, ticket_base.solved_at, ticket_base.closed_at, ticket_base.updated_at, ticket_base.created_at
                ),
                ticket_base.created_at,
                last_known.known_at
            ) as happened_at,
            case
                when ticket_base.abandoned_at is not null and not ticket_base.is_open then 'abandoned' else ticket_base.status
            end as new_value,
            1 as step,
        from ticket_base
        left join last_known using (ticket)
        where ticket_base.is_open is distinct from is_open_status(coalesce(last_known.status, 'new'))
    ),

    inferred_changes as (
        select
            source,
            ticket,
            happened_at,
            9000000000 + step as position,
            '' as key,
            'status' as field,
            null::varchar as old_value,
            new_value,
            null::varchar as actor,
            true as is_inferred,
        from inferred
    )

select
    source,
    ticket,
    happened_at,
    row_number() over (partition by ticket order by happened_at, position, key, field) as position,
    field,
    old_value,
    new_value,
    coalesce(agents_of_tickets.name, actor) as actor,
    is_inferred,
from
    (
        select *
        from delivered
        union all by name
        select *
        from inferred_changes
    )
left join agents_of_tickets using (ticket, actor)
