-- One row per touched ticket x schedule it was under, of tickets that have one. Its business clock counts open seconds since creation,
-- over all
-- its schedules: clock_ahead turns the schedule's running total into the ticket's clock (clock = clock_ahead + open seconds of the
-- schedule).
-- Without a schedule the clock stands still, and unscheduled seconds count instead: no business time can be said across such a stretch.
with
    own_schedules as (
        select
            ticket_base.source,
            events.ticket,
            greatest(events.happened_at, ticket_base.created_at) as from_at,
            events.new_value as schedule_id,
        from events_built as events
        inner join ticket_base using (ticket)
        where events.field = 'schedule'
        qualify row_number() over (partition by events.ticket, from_at order by events.position desc) = 1
    ),

    -- Those of support.toml, and the default of a source that delivers its own.
    held_unsaid as (select * from schedules where position is not null or is_for_source),

    -- Tickets whose source says nothing of schedules: those of support.toml hold, by channel and by the team that held the ticket at the
    -- time, else the source's default.
    unsaid as (
        select source, ticket, began_at as created_at, channel, team,
        from ticket_base
        anti join own_schedules using (ticket)
        where source in (select source from held_unsaid)
    ),

    team_changes as (
        select
            unsaid.ticket,
            unsaid.created_at,
            events.happened_at,
            events.position,
            -- What the first row of a ticket shows was so from the beginning.
            case when events.is_inferred then events.new_value else events.old_value end as old_team,
            events.new_value as new_team,
        from unsaid
        inner join events_built as events using (ticket)
        where events.field = 'team' and exists (from schedules where team is not null)
    ),

    teams_at_creation as (
        select
            ticket,
            coalesce(
                -- Kept in a list: the team may be none.
                max_by([new_team], position) filter (where happened_at <= created_at), min_by([old_team], position)
            ) as team,
        from team_changes
        group by ticket
    ),

    teams_over_time as (
        select
            unsaid.source,
            unsaid.ticket,
            unsaid.created_at as from_at,
            unsaid.channel,
            case when teams_at_creation.team is null then unsaid.team else teams_at_creation.team[1] end as team,
        from unsaid
        left join teams_at_creation using (ticket)
        union all by name
        select unsaid.source, changes.ticket, changes.happened_at as from_at, unsaid.channel, changes.new_team as team,
        from team_changes as changes
        inner join unsaid using (ticket)
        where changes.happened_at > changes.created_at
        qualify row_number() over (partition by changes.ticket, changes.happened_at order by changes.position desc) = 1
    ),

    -- The schedule that names most of team, channel and source holds; of two that name as much, team before channel before source, then
    -- the first.
    given_schedules as (
        select
            held.source,
            held.channel,
            held.team,
            arg_max(
                schedules.schedule_id,
                (
                    (schedules.position is not null)::integer,
                    (schedules.team is not null)::integer + (schedules.channel is not null)::integer + schedules.is_for_source::integer,
                    (schedules.team is not null)::integer * 4
                    + (schedules.channel is not null)::integer * 2
                    + schedules.is_for_source::integer,
                    - coalesce(schedules.position, 0)
                )
            ) as schedule_id,
        from (select distinct source, channel, team from teams_over_time) as held
        inner join
            held_unsaid as schedules
            on schedules.source = held.source
            and (schedules.channel is null or schedules.channel = held.channel)
            and (schedules.team is null or schedules.team = held.team)
        group by held.source, held.channel, held.team
    ),

    said as (
        select source, ticket, from_at, schedule_id,
        from own_schedules
        union all by name
        select teams.source, teams.ticket, teams.from_at, given.schedule_id,
        from teams_over_time as teams
        left join
            given_schedules as given
            on given.source = teams.source
            and given.channel is not distinct from teams.channel
            and given.team is not distinct from teams.team
    ),

    scheduled as (select distinct ticket, from said where schedule_id is not null),

    stages as (select *, lead(from_at) over (partition by ticket order by from_at) as to_at, from said semi join scheduled using (ticket)),

    -- A rule puts a new ticket under its schedule moments after it was made: those few seconds are no working time. Where it took longer,
    -- the
    -- source's default held until then, or none.
    whole as (
        select source, ticket, schedule_id, from_at, to_at, false as is_settling,
        from stages
        union all
        select
            ticket_base.source,
            ticket_base.ticket,
            case
                when min(stages.from_at) > any_value(ticket_base.created_at) + interval 5 seconds then any_value(defaults.schedule_id)
            end as schedule_id,
            any_value(ticket_base.created_at) as from_at,
            min(stages.from_at) as to_at,
            min(stages.from_at) <= any_value(ticket_base.created_at) + interval 5 seconds as is_settling,
        from ticket_base
        inner join stages on stages.ticket = ticket_base.ticket
        left join schedules as defaults on defaults.source = ticket_base.source and defaults.position is null and defaults.is_for_source
        group by ticket_base.source, ticket_base.ticket
        having min(stages.from_at) > any_value(ticket_base.created_at)
    ),

    begun as (
        select whole.*, open_seconds_at(whole.from_at, hours.opens_at, hours.closes_at, hours.open_seconds_before) as opened_seconds,
        from whole
        asof left join
            open_hours as hours on hours.source = whole.source and hours.schedule_id = whole.schedule_id and hours.opens_at <= whole.from_at
    ),

    ended as (
        select
            begun.*,
            coalesce(
                open_seconds_at(begun.to_at, hours.opens_at, hours.closes_at, hours.open_seconds_before) - begun.opened_seconds, 0
            ) as stage_seconds,
            case
                when begun.opened_seconds is null and not begun.is_settling then coalesce(epoch(begun.to_at - begun.from_at), 0) else 0
            end as stage_unscheduled_seconds,
        from begun
        asof left join
            open_hours as hours on hours.source = begun.source and hours.schedule_id = begun.schedule_id and hours.opens_at <= begun.to_at
    )

select
    source,
    ticket,
    from_at,
    to_at,
    schedule_id,
    opened_seconds is not null as has_schedule,
    is_settling,
    coalesce(sum(stage_seconds) over earlier, 0) as clock_from,
    coalesce(sum(stage_seconds) over earlier, 0) - coalesce(opened_seconds, 0) as clock_ahead,
    coalesce(sum(stage_unscheduled_seconds) over earlier, 0) as unscheduled_before,
from ended
window earlier as (partition by ticket order by from_at rows between unbounded preceding and 1 preceding)
