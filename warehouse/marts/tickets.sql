-- One row per touched ticket.
with wait_facts as (
    select
        source,
        ticket_id,
        min(ended_at) filter (where outcome = 'answered') as first_response_at,
        min(wait_seconds) filter (where turn = 1 and outcome = 'answered') as first_response_seconds,
    from store.waits
    semi join ticket_base using (source, ticket_id)
    group by source, ticket_id
),

backlog_facts as (
    select
        source,
        ticket_id,
        min(happened_at) filter (where change = 'solved') as first_solved_at,
        max(happened_at) filter (where change = 'solved') as last_solved_at,
        count(*) filter (where change = 'reopened') as reopen_count,
    from backlog_changes
    semi join ticket_base using (source, ticket_id)
    group by source, ticket_id
),

event_facts as (
    select
        source,
        ticket_id,
        count(*) filter (where field in ('agent', 'team') and old_value is not null and new_value is not null and not is_inferred) as reassignment_count,
    from ticket_events
    semi join ticket_base using (source, ticket_id)
    group by source, ticket_id
),

message_facts as (
    select
        source,
        ticket_id,
        count(*) filter (where author_kind = 'agent' and is_public) as reply_count,
        count(*) filter (where author_kind = 'customer') as customer_message_count,
    from store.message_rows
    semi join ticket_base using (source, ticket_id)
    group by source, ticket_id
),

call_facts as (
    select
        source,
        ticket_id,
        sum(epoch(ended_at - answered_at)) filter (where ended_at >= answered_at) as handle_seconds,
    from store.call_rows
    semi join ticket_base using (source, ticket_id)
    group by source, ticket_id
)

select
    ticket_base.* exclude (first_response_at, solved_at, handle_seconds, promise_kept_at_source, has_calls, has_messages, has_states),
    coalesce(wait_facts.first_response_at, ticket_base.first_response_at) as first_response_at,
    backlog_facts.first_solved_at,
    case when not ticket_base.is_open then coalesce(backlog_facts.last_solved_at, ticket_base.solved_at) end as solved_at,
    coalesce(backlog_facts.reopen_count, 0) as reopen_count,
    case when event_facts.ticket_id is not null then event_facts.reassignment_count end as reassignment_count,
    message_facts.reply_count,
    message_facts.customer_message_count,
    coalesce(ticket_base.handle_seconds, call_facts.handle_seconds) as handle_seconds,
    wait_facts.first_response_seconds,
    epoch(backlog_facts.first_solved_at - ticket_base.created_at) as first_resolution_seconds,
    case when not ticket_base.is_open then epoch(backlog_facts.last_solved_at - ticket_base.created_at) end as full_resolution_seconds,
    ticket_base.promise_kept_at_source,
from ticket_base
left join wait_facts using (source, ticket_id)
left join backlog_facts using (source, ticket_id)
left join event_facts using (source, ticket_id)
left join message_facts using (source, ticket_id)
left join call_facts using (source, ticket_id)
