-- Working hours: as support.toml gives them, as sources deliver them, and the open hours made of both.
create table if not exists store.given_schedules (
    schedule_id varchar,
    time_zone varchar,
    position bigint,
    source varchar,
    channel varchar,
    team varchar,
);
comment on table store.given_schedules is 'One row per schedule of support.toml, in its order there. Null source, channel or team: any.
example: select schedule_id, time_zone, channel, team from store.given_schedules order by position';
comment on column store.given_schedules.schedule_id is 'Its name in support.toml.';
comment on column store.given_schedules.time_zone is 'Where its hours are local time.';
comment on column store.given_schedules.position is 'Place in support.toml, from 1: of two that name as much, the first holds.';
comment on column store.given_schedules.source is 'The source it is for; null: any.';
comment on column store.given_schedules.channel is 'The channel it is for; null: any.';
comment on column store.given_schedules.team is 'The team it is for; null: any.';

create table if not exists store.given_hours (schedule_id varchar, opens_minute bigint, closes_minute bigint);
comment on table store.given_hours is 'One row per weekly working interval of a schedule of support.toml, in minutes since Sunday 00:00 local time.
example: select schedule_id, sum(closes_minute - opens_minute) / 60 as hours_a_week from store.given_hours group by schedule_id';
comment on column store.given_hours.schedule_id is 'The schedule: joins store.given_schedules.';
comment on column store.given_hours.opens_minute is 'Minutes since Sunday 00:00 local time.';
comment on column store.given_hours.closes_minute is 'Minutes since Sunday 00:00 local time; past midnight, or past the end of the week, it is simply more.';

create table if not exists store.given_holidays (schedule_id varchar, from_date date, to_date date);
comment on table store.given_holidays is 'One row per holiday of a schedule of support.toml: local dates, both included.
example: select schedule_id, from_date, to_date from store.given_holidays order by all';
comment on column store.given_holidays.schedule_id is 'The schedule: joins store.given_schedules.';
comment on column store.given_holidays.from_date is 'First day off, in its local time.';
comment on column store.given_holidays.to_date is 'Last day off, included.';

create table if not exists store.calendars (source varchar, first_date date, last_date date, made_of varchar);
comment on table store.calendars is 'One row per source with schedules: the span of its calendar, and a fingerprint of what it is made of.
example: select source, first_date, last_date from store.calendars order by all';
comment on column store.calendars.source is 'Source whose schedules they are.';
comment on column store.calendars.first_date is 'First day of its calendar: 1 January of the year of its oldest ticket.';
comment on column store.calendars.last_date is 'Where its calendar ends: ten years ahead, as what is promised today is due in it.';
comment on column store.calendars.made_of is 'A fingerprint of schedules, hours and holidays: another one makes the calendar, and what was counted by it, anew.';

create table if not exists schedules (
    source varchar,
    schedule_id varchar,
    name varchar,
    time_zone varchar,
    position bigint,
    is_for_source boolean,
    channel varchar,
    team varchar,
);
comment on table schedules is 'One row per schedule of a source: those it delivers, and those of support.toml that can hold for its tickets.
example: select source, schedule_id, time_zone, channel, team from schedules order by all';
comment on column schedules.source is 'Source whose tickets it can hold for: join on source and schedule_id.';
comment on column schedules.schedule_id is 'What tickets.schedule_id and changes of field schedule name; for a schedule of support.toml its name.';
comment on column schedules.name is 'What it is called; null: the source does not say.';
comment on column schedules.time_zone is 'Where its hours are local time.';
comment on column schedules.position is 'Place in support.toml; null: the source delivers it.';
comment on column schedules.is_for_source is 'Whether support.toml gives it for this source alone; of one that the source delivers: true where it holds for tickets that name none, else null.';
comment on column schedules.channel is 'The channel that support.toml gives it for; null: any.';
comment on column schedules.team is 'The team that support.toml gives it for; null: any.';

create table if not exists schedule_hours (source varchar, schedule_id varchar, opens_minute bigint, closes_minute bigint);
comment on table schedule_hours is 'One row per weekly working interval of a schedule. A schedule without rows has no working time.
example: select schedule_id, sum(closes_minute - opens_minute) / 60 as hours_a_week from schedule_hours group by schedule_id';
comment on column schedule_hours.source is 'Source of the schedule: join on source and schedule_id.';
comment on column schedule_hours.schedule_id is 'The schedule: joins schedules.';
comment on column schedule_hours.opens_minute is 'Minutes since Sunday 00:00 local time.';
comment on column schedule_hours.closes_minute is 'Minutes since Sunday 00:00 local time; past midnight, or past the end of the week, it is simply more.';

create table if not exists holidays (source varchar, schedule_id varchar, name varchar, from_date date, to_date date);
comment on table holidays is 'One row per holiday of a schedule: local dates, both included.
example: select schedule_id, name, from_date, to_date from holidays order by from_date';
comment on column holidays.source is 'Source of the schedule: join on source and schedule_id.';
comment on column holidays.schedule_id is 'The schedule: joins schedules.';
comment on column holidays.name is 'What it is called; null: not said, as in support.toml.';
comment on column holidays.from_date is 'First day off, in the schedule''s local time.';
comment on column holidays.to_date is 'Last day off, included.';

create table if not exists open_hours (
    source varchar,
    schedule_id varchar,
    opens_at timestamp,
    closes_at timestamp,
    open_seconds_before double,
);
comment on table open_hours is 'One row per unbroken stretch of working time of a schedule, without holidays, in UTC; the first is empty and long ago.
example: select schedule_id, sum(epoch(closes_at - opens_at)) / 3600 as open_hours from open_hours where opens_at >= timestamp ''2026-01-01'' and closes_at < timestamp ''2027-01-01'' group by schedule_id';
comment on column open_hours.source is 'Source of the schedule: join on source and schedule_id.';
comment on column open_hours.schedule_id is 'The schedule: joins schedules.';
comment on column open_hours.opens_at is 'When the stretch begins (UTC).';
comment on column open_hours.closes_at is 'When it ends (UTC), not included.';
comment on column open_hours.open_seconds_before is 'Working seconds of the schedule before this stretch: working time between two instants is a difference of two look-ups.';
