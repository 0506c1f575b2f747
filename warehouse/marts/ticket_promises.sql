-- One row per promise of a touched ticket: from when, and (replaced_at; null: nothing) what later target or update takes its place.
-- Targets come from the source, or, where it brings none, from support.toml.
with
    sources_with_targets as (select distinct source from sources where kind = 'target'),

    own_targets as (select ticket, metric, applied_at, target_seconds, is_business_time, policy, from delivered_targets),

    -- Where support.toml promises an answer, every wait of its kind is promised one; all other metrics are promised from creation.
    promisable as (
        select source, ticket, kind || '_response' as metric, began_at as applied_at, channel, priority, turn,
        from wait_turns
        where fault is null
        union all by name
        select
            ticket_base.source,
            ticket_base.ticket,
            metrics.metric,
            ticket_base.created_at as applied_at,
            ticket_base.channel,
            ticket_base.priority,
        from ticket_base
        cross join (select distinct metric from targets where metric not in ('first_response', 'next_response')) as metrics
    ),

    -- The promise that names most of priority, channel and source holds; of two, the one in force since later.
    given_targets as (
        select
            promisable.ticket,
            promisable.metric,
            promisable.applied_at,
            promisable.turn,
            arg_max(
                {'target_seconds':targets.target_seconds, 'is_business_time':targets.is_business_time, 'policy':targets.policy},
                (
                    -- The one that names most; of two that name as much, priority before channel before source.
                    (targets.priority is not null)::integer
                    + (targets.channel is not null)::integer
                    + (targets.source is not null)::integer,
                    (targets.priority is not null)::integer * 4
                    + (targets.channel is not null)::integer * 2
                    + (targets.source is not null)::integer,
                    coalesce(targets.since_at, timestamp '0001-01-01')
                )
            ) as target,
        from promisable
        inner join
            targets
            on targets.metric = promisable.metric
            and (targets.source = promisable.source or (targets.source is null and promisable.source not in (from sources_with_targets)))
            and (targets.channel is null or targets.channel = promisable.channel)
            and (targets.priority is null or targets.priority = promisable.priority)
            and (targets.since_at is null or targets.since_at <= promisable.applied_at)
            and (targets.until_at is null or targets.until_at > promisable.applied_at)
        anti join own_targets as own on own.ticket = promisable.ticket and own.metric = promisable.metric
        group by promisable.ticket, promisable.metric, promisable.applied_at, promisable.turn
    ),

    all_targets as (
        select ticket, metric, applied_at, target_seconds, is_business_time, policy, null::bigint as turn,
        from own_targets
        union all by name
        select ticket, metric, applied_at, turn, unnest(target),
        from given_targets
    ),

    ordered as (select *, lead(applied_at) over (partition by ticket, metric order by applied_at) as replaced_at, from all_targets),

    agent_messages as (
        select
            messages.ticket,
            messages.sent_at,
            lead(messages.sent_at) over (partition by messages.ticket order by messages.sent_at) as next_sent_at,
        from ticket_messages as messages
        semi join (from ordered where metric in ('periodic_update', 'pausable_update')) as updates using (ticket)
        where messages.author_kind = 'agent' and messages.is_public
    )

-- Each later reply, and each stretch of work under one target, is a promise of its own.
select ticket, metric, applied_at, replaced_at, target_seconds, is_business_time, policy, turn,
from ordered
where target_seconds is not null and (turn is not null or metric in ('next_response', 'agent_work', 'requester_wait'))
union all by name
-- The first reply and the resolution are promised once, from creation, and by the first target: a later change of priority moves neither.
select
    ordered.ticket,
    ordered.metric,
    any_value(ticket_base.created_at) as applied_at,
    arg_min(ordered.target_seconds, ordered.applied_at) as target_seconds,
    arg_min(ordered.is_business_time, ordered.applied_at) as is_business_time,
    arg_min(ordered.policy, ordered.applied_at) as policy,
from ordered
inner join ticket_base using (ticket)
where ordered.turn is null and ordered.metric in ('first_response', 'resolution') and ordered.target_seconds is not null
group by ordered.ticket, ordered.metric
union all by name
-- An update is promised anew by every public message of an agent while the target holds.
select
    ordered.ticket,
    ordered.metric,
    messages.sent_at as applied_at,
    messages.next_sent_at as replaced_at,
    ordered.target_seconds,
    ordered.is_business_time,
    ordered.policy,
from ordered
inner join
    agent_messages as messages
    on messages.ticket = ordered.ticket
    and messages.sent_at >= ordered.applied_at
    and (messages.sent_at < ordered.replaced_at or ordered.replaced_at is null)
where ordered.metric in ('periodic_update', 'pausable_update') and ordered.target_seconds is not null
