-- Working time: what the marts of business seconds are made of. Made for a build, and kept in no file.
-- A schedule's open hours carry a running total, so working time up to an instant is one look-up and between two instants a difference of
-- two.
create or replace temp macro local_time_of(utc_time, zone) as timezone(zone, timezone('UTC', utc_time));

-- What the database makes of a local time: the later of two where clocks go back.
create or replace temp macro later_utc_of(local_time, zone) as timezone('UTC', timezone(zone, local_time));

-- The same by the offset that held three hours before: the earlier of two where clocks go back.
create or replace temp macro earlier_utc_of(local_time, zone) as
    local_time - (
        local_time_of(later_utc_of(local_time, zone) - interval 3 hours, zone)
        - (later_utc_of(local_time, zone) - interval 3 hours)
    );

-- A local time that comes twice means the first; one that is skipped moves on by the skip (as in RFC 5545, Python and Java).
create or replace temp macro utc_of(local_time, zone) as
    case
        when local_time_of(earlier_utc_of(local_time, zone), zone) = local_time then earlier_utc_of(local_time, zone)
        else later_utc_of(local_time, zone)
    end;

-- Open seconds of a schedule up to an instant, from the last of its open_hours that began by then.
create or replace temp macro open_seconds_at(instant, opens_at, closes_at, open_seconds_before) as
    open_seconds_before + epoch(least(instant, closes_at) - opens_at);

-- Business seconds between two moments of a ticket: null where it had no schedule for some of the time.
create or replace temp macro business_seconds(from_clock, from_unscheduled, to_clock, to_unscheduled) as
    case when to_unscheduled = from_unscheduled then to_clock - from_clock end;

-- The statuses whose time a promise counts; null for a promise of an answer.
create or replace temp macro counted_statuses(metric) as
    case metric
        when 'agent_work' then ['new', 'open']
        when 'requester_wait' then ['new', 'open', 'hold']
        when 'pausable_update' then ['new', 'open', 'hold']
        when 'periodic_update' then ['new', 'open', 'hold', 'pending']
        when 'resolution' then ['new', 'open', 'hold', 'pending']
    end;
