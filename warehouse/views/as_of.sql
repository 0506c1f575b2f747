-- What depends on the present instant is worked out when asked, never stored: nothing has to be rewritten as time passes.
-- First by name, as the other views count from it.
create or replace view as_of as
select
    source,
    max(as_of) as as_of,
from sources
group by source;
comment on view as_of is 'One row per source: the instant its data is as of. Ages and periods count back from it, not from the clock on the wall.
example: select source, as_of from as_of';
comment on column as_of.source is 'Source it comes from, as support.toml names it.';
comment on column as_of.as_of is 'The latest instant the source has told us of, over all its feeds (UTC), or the one that support.toml fixes; null: nothing loaded yet.';

create or replace view open_seconds_now as
select
    hours.source,
    hours.schedule_id,
    max_by(hours.open_seconds_before + epoch(least(as_of.as_of, hours.closes_at) - hours.opens_at), hours.opens_at) as open_seconds,
from open_hours as hours
inner join as_of on as_of.source = hours.source and hours.opens_at <= as_of.as_of
group by hours.source, hours.schedule_id;
comment on view open_seconds_now is 'One row per schedule: its working seconds up to now (the source''s as-of instant).
example: select source, schedule_id, open_seconds / 3600 as open_hours from open_seconds_now';
comment on column open_seconds_now.source is 'Source of the schedule: join on source and schedule_id.';
comment on column open_seconds_now.schedule_id is 'The schedule: joins schedules.';
comment on column open_seconds_now.open_seconds is 'Working seconds since its calendar begins: of use as a difference, as in open_hours.';
