-- One row per instant that counts in the life of a touched ticket with a schedule, with what its business clock shows.
with
    scheduled as (select distinct ticket, from ticket_clocks),

    instants as (
        select distinct ticket, happened_at,
        from
            (
                select ticket, created_at as happened_at
                from ticket_base
                union all
                select ticket, happened_at
                from status_changes
                union all
                select ticket, unnest([began_at, ended_at]) as happened_at
                from wait_turns
                union all
                select ticket, sent_at as happened_at
                from ticket_messages
                where author_kind = 'agent' and is_public
                union all
                select ticket, applied_at as happened_at
                from delivered_targets
            )
        semi join scheduled using (ticket)
        where happened_at is not null
    ),

    staged as (
        select
            instants.ticket,
            instants.happened_at,
            clocks.source,
            clocks.schedule_id,
            clocks.has_schedule,
            clocks.is_settling,
            clocks.clock_ahead,
            clocks.clock_from,
            clocks.unscheduled_before,
            clocks.from_at,
        from instants
        asof left join ticket_clocks as clocks on clocks.ticket = instants.ticket and clocks.from_at <= instants.happened_at
    )

select
    staged.ticket,
    staged.happened_at,
    case
        when staged.has_schedule
        then staged.clock_ahead + open_seconds_at(staged.happened_at, hours.opens_at, hours.closes_at, hours.open_seconds_before)
        else staged.clock_from
    end as clock,
    staged.unscheduled_before
    + case when staged.has_schedule or staged.is_settling then 0 else epoch(staged.happened_at - staged.from_at) end as unscheduled,
from staged
asof left join
    open_hours as hours on hours.source = staged.source and hours.schedule_id = staged.schedule_id and hours.opens_at <= staged.happened_at
