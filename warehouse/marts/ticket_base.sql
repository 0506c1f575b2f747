-- One row per touched ticket: what its newest delivered rows say, whichever kind of row says it.
with
    own_rows as (
        select delivered.*
        from delivered_tickets as delivered
        -- Where a source's key lets one ticket stand under two keys, the newest row holds.
        qualify
            row_number() over (
                partition by ticket order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
            )
            = 1
    ),

    -- Rows that show the whole ticket after a change: the newest one holds.
    newest_states as (
        select delivered.*
        from delivered_events as delivered
        where delivered.field is null
        qualify row_number() over (partition by ticket order by happened_at desc, coalesce(position, 0) desc, key desc) = 1
    ),

    -- Rows that show one changed field: the newest value of each holds.
    newest_values as (
        select
            ticket,
            min(happened_at) as first_at,
            max(happened_at) filter (where field = 'status') as status_at,
            arg_max(new_value, (happened_at, coalesce(position, 0), key)) filter (where field = 'status') as status,
            arg_max(new_value, (happened_at, coalesce(position, 0), key)) filter (where field = 'team') as team,
            arg_max(new_value, (happened_at, coalesce(position, 0), key)) filter (where field = 'agent') as agent,
            arg_max(new_value, (happened_at, coalesce(position, 0), key)) filter (where field = 'priority') as priority,
            arg_max(new_value, (happened_at, coalesce(position, 0), key)) filter (where field = 'channel') as channel,
        from delivered_events
        where field is not null
        group by ticket
    ),

    first_calls as (
        select delivered.* from delivered_calls as delivered qualify row_number() over (partition by ticket order by entered_at, key) = 1
    ),

    first_messages as (
        select
            ticket,
            min(sent_at) as first_at,
            arg_min(channel, (sent_at, key)) as channel,
            arg_min(author, (sent_at, key)) filter (where author_kind = 'customer') as customer,
        from ticket_messages
        group by ticket
    ),

    combined as (
        select
            touched.source,
            touched.ticket,
            coalesce(
                own_rows.created_at,
                newest_states.created_at,
                newest_values.first_at,
                newest_states.happened_at,
                first_calls.entered_at,
                first_messages.first_at
            ) as created_at,
            coalesce(own_rows.updated_at, newest_states.happened_at) as updated_at,
            coalesce(
                own_rows.channel, newest_states.channel, newest_values.channel, first_calls.channel, first_messages.channel
            ) as channel,
            case
                when own_rows.ticket is not null then own_rows.team else coalesce(newest_states.team, newest_values.team, first_calls.team)
            end as team,
            case
                when own_rows.ticket is not null
                then own_rows.agent
                else coalesce(newest_states.agent, newest_values.agent, first_calls.agent)
            end as agent,
            coalesce(own_rows.customer, newest_states.customer, first_calls.customer, first_messages.customer) as customer,
            coalesce(own_rows.priority, newest_states.priority, newest_values.priority, first_calls.priority) as priority,
            coalesce(own_rows.topic, newest_states.topic, first_calls.topic) as topic,
            coalesce(own_rows.subject, newest_states.subject) as subject,
            coalesce(own_rows.supervisor, newest_states.supervisor) as supervisor,
            coalesce(own_rows.manager, newest_states.manager) as manager,
            coalesce(own_rows.first_response_at, newest_states.first_response_at) as first_response_at,
            coalesce(
                own_rows.solved_at, newest_states.solved_at, case when first_calls.answered_at is not null then first_calls.ended_at end
            ) as solved_at,
            coalesce(own_rows.closed_at, newest_states.closed_at) as closed_at,
            coalesce(
                own_rows.abandoned_at,
                case when own_rows.ticket is null and first_calls.answered_at is null then first_calls.abandoned_at end
            ) as abandoned_at,
            own_rows.handle_seconds,
            coalesce(own_rows.promise_kept, newest_states.promise_kept) as promise_kept_at_source,
            lower(
                coalesce(
                    -- A change that is newer than the ticket's own row tells more.
                    case when newest_values.status_at > own_rows.updated_at then newest_values.status end,
                    own_rows.status,
                    newest_states.status,
                    newest_values.status,
                    case
                        when first_calls.abandoned_at is not null and first_calls.answered_at is null
                        then 'abandoned'
                        when first_calls.answered_at is not null and first_calls.ended_at is not null
                        then 'solved'
                    end,
                    case
                        when own_rows.abandoned_at is not null
                        then 'abandoned'
                        when own_rows.closed_at is not null
                        then 'closed'
                        when own_rows.solved_at is not null
                        then 'solved'
                    end,
                    'open'
                )
            ) as status,
            first_calls.entered_at as called_at,
            first_calls.ticket is not null as has_calls,
            first_messages.ticket is not null as has_messages,
            newest_states.ticket is not null as has_states,
        from touched
        left join own_rows using (ticket)
        left join newest_states using (ticket)
        left join newest_values using (ticket)
        left join first_calls using (ticket)
        left join first_messages using (ticket)
    )

select
    *,
    is_open_status(status) as is_open,
    -- A ticket made when a call was answered is about a customer who asked before.
    least(created_at, called_at) as began_at,
from combined
where created_at is not null
