-- The tables of the file. Times are UTC instants without a zone (_at), durations seconds (_seconds), shares 0-1.
-- `store` keeps delivered rows, one table a kind of row (made from rows.py); `main` is what people query.
create schema if not exists store;

create sequence if not exists store.run_numbers;

create table if not exists store.memory (name varchar, value varchar);
comment on table store.memory is 'One row per fact that the pipelines remember between runs.';

create table if not exists store.looked (feed varchar, path varchar, bytes bigint, modified_ns bigint, content_id varchar);
comment on table store.looked is 'One row per path that was looked at: unchanged size and time means known, without reading it again.';

create table if not exists store.touched (source varchar, ticket_id varchar);
comment on table store.touched is 'Tickets whose delivered rows changed and whose marts are still to be built.';

create table if not exists store.touched_responses (source varchar, response_id varchar);
comment on table store.touched_responses is 'Survey invitations whose delivered rows changed and that are still to be built.';

create table if not exists runs (
    run_id bigint,
    trigger varchar,
    started_at timestamp,
    finished_at timestamp,
    state varchar,
    message varchar,
    files bigint,
    rows_read bigint,
    rows_loaded bigint,
    rows_unchanged bigint,
    rows_superseded bigint,
    rows_rejected bigint,
    tickets_built bigint,
    pull_seconds double,
    load_seconds double,
    build_seconds double,
    check_seconds double,
    publish_seconds double,
    version bigint,
);
comment on table runs is 'One row per run of the pipelines: pull, load, build, check, publish.';
comment on column runs.state is 'done, failed, or running (also a run that was killed).';
comment on column runs.message is 'What went wrong, for a person.';
comment on column runs.version is 'The version of warehouse.duckdb this run published; null: nothing changed. publish_seconds is that of the publication before, as a file cannot hold its own.';

create table if not exists files (
    file_no bigint,
    feed varchar,
    source varchar,
    name varchar,
    content_id varchar,
    bytes bigint,
    modified_at timestamp,
    landed_name varchar,
    state varchar,
    reason varchar,
    as_of timestamp,
    rows_read bigint,
    rows_loaded bigint,
    rows_unchanged bigint,
    rows_superseded bigint,
    rows_rejected bigint,
    run_id bigint,
);
comment on table files is 'One row per delivered file (by content). rows_read = loaded + unchanged + superseded + rejected.';
comment on column files.content_id is 'What a delivered file is known by: 128 bits of BLAKE2b over its bytes.';
comment on column files.feed is 'The [sources.NAME] entry of support.toml that read it.';
comment on column files.state is 'landed (copied, not yet loaded), loaded, or refused (nothing of it was loaded; see reason).';
comment on column files.as_of is 'The latest instant the file speaks of.';

create table if not exists rejected_rows (
    file_no bigint,
    feed varchar,
    source varchar,
    file_name varchar,
    line_no bigint,
    reason varchar,
    delivered varchar,
);
comment on table rejected_rows is 'One row per row that could not be loaded, as delivered, with the reason.';
comment on column rejected_rows.line_no is 'Row number in the file, counted after the header; for a broken CSV line the line of the file.';

create table if not exists erasures (pseudonym varchar, erased_at timestamp, kind varchar, rows bigint);
comment on table erasures is 'One row per customer erased on request and kind of row: that it was done, without the data.';
comment on column erasures.pseudonym is 'The keyed hash that stood for the customer; later exports that name them lose them again.';
comment on column erasures.erased_at is 'When it was asked for.';
comment on column erasures.kind is 'ticket, event, message, call or survey.';
comment on column erasures.rows is 'Delivered rows of theirs, over all landed files.';

create table if not exists check_results (
    run_id bigint,
    name varchar,
    severity varchar,
    meaning varchar,
    source varchar,
    found bigint,
    examples varchar,
);
comment on table check_results is 'One row per check and source that found something in the last run. Severity error keeps the last good version in place.';

create table if not exists sources (
    source varchar,
    feed varchar,
    kind varchar,
    time_zone varchar,
    as_of timestamp,
    delivered_at timestamp,
    answers_known boolean,
);
comment on table sources is 'One row per feed of a source: what it delivers and how far its data goes.';
comment on column sources.as_of is 'The latest instant this source has told us of, over all its feeds: periods and ages count back from here.';
comment on column sources.delivered_at is 'When its newest file was written.';
comment on column sources.answers_known is 'Whether the source says when a customer was answered. Without it there are no waits, rather than wrong ones.';

create table if not exists targets (
    metric varchar,
    source varchar,
    channel varchar,
    priority varchar,
    target_seconds double,
    target_share double,
    is_business_time boolean,
    policy varchar,
    since_at timestamp,
    until_at timestamp,
);
comment on table targets is 'One row per promise of support.toml: within how many seconds, for which share. Null source, channel or priority: any.';
comment on column targets.metric is 'first_response, next_response, agent_work, requester_wait, resolution or periodic_update.';
comment on column targets.is_business_time is 'Whether only time within the ticket''s schedule counts.';
comment on column targets.policy is 'What the promise is part of, as support.toml calls it.';
comment on column targets.since_at is 'In force from here; null: always was.';
comment on column targets.until_at is 'In force until here, not included; null: for good.';

create table if not exists store.given_schedules (
    schedule_id varchar,
    time_zone varchar,
    position bigint,
    source varchar,
    channel varchar,
    team varchar,
);
comment on table store.given_schedules is 'One row per schedule of support.toml, in its order there. Null source, channel or team: any.';

create table if not exists store.given_hours (schedule_id varchar, opens_minute bigint, closes_minute bigint);
comment on table store.given_hours is 'One row per weekly working interval of a schedule of support.toml, in minutes since Sunday 00:00 local time.';

create table if not exists store.given_holidays (schedule_id varchar, from_date date, to_date date);
comment on table store.given_holidays is 'One row per holiday of a schedule of support.toml: local dates, both included.';

create table if not exists store.calendars (source varchar, first_date date, last_date date, made_of varchar);
comment on table store.calendars is 'One row per source with schedules: the span of its calendar, and a fingerprint of what it is made of.';

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
comment on table schedules is 'One row per schedule of a source: those it delivers, and those of support.toml that can hold for its tickets.';
comment on column schedules.schedule_id is 'What tickets.schedule_id and changes of field schedule name; for a schedule of support.toml its name.';
comment on column schedules.time_zone is 'Where its hours are local time.';
comment on column schedules.position is 'Place in support.toml; null: the source delivers it.';
comment on column schedules.is_for_source is 'Whether support.toml gives it for this source alone.';
comment on column schedules.channel is 'The channel that support.toml gives it for; null: any.';
comment on column schedules.team is 'The team that support.toml gives it for; null: any.';

create table if not exists schedule_hours (source varchar, schedule_id varchar, opens_minute bigint, closes_minute bigint);
comment on table schedule_hours is 'One row per weekly working interval of a schedule. A schedule without rows has no working time.';
comment on column schedule_hours.opens_minute is 'Minutes since Sunday 00:00 local time.';
comment on column schedule_hours.closes_minute is 'Minutes since Sunday 00:00 local time; past midnight, or past the end of the week, it is simply more.';

create table if not exists holidays (source varchar, schedule_id varchar, name varchar, from_date date, to_date date);
comment on table holidays is 'One row per holiday of a schedule: local dates, both included.';

create table if not exists open_hours (
    source varchar,
    schedule_id varchar,
    opens_at timestamp,
    closes_at timestamp,
    open_seconds_before double,
);
comment on table open_hours is 'One row per unbroken stretch of working time of a schedule, without holidays, in UTC; the first is empty and long ago.';
comment on column open_hours.open_seconds_before is 'Working seconds of the schedule before this stretch: working time between two instants is a difference of two look-ups.';

create table if not exists ticket_events (
    source varchar,
    ticket_id varchar,
    happened_at timestamp,
    position bigint,
    field varchar,
    old_value varchar,
    new_value varchar,
    actor varchar,
    is_inferred boolean,
);
comment on table ticket_events is 'One row per change of a ticket: status, agent, team, priority, channel, schedule.';
comment on column ticket_events.position is 'Order of changes of a ticket, from 1.';
comment on column ticket_events.is_inferred is 'True where the source delivers no events and the change is read off the ticket''s own times.';

create table if not exists backlog_changes (
    source varchar,
    ticket_id varchar,
    happened_at timestamp,
    change varchar,
    open_change tinyint,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    priority varchar,
);
comment on table backlog_changes is 'One row per moment a ticket entered or left the backlog. Channel, team, agent, topic and priority are the ticket''s present ones.';
comment on column backlog_changes.change is 'arrived, solved, reopened, abandoned (the customer gave up before an answer) or removed (deleted, merged).';

create table if not exists store.waits (
    source varchar,
    ticket_id varchar,
    turn bigint,
    kind varchar,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    priority varchar,
    began_at timestamp,
    ended_at timestamp,
    outcome varchar,
    queued boolean,
    wait_seconds double,
    wait_business_seconds double,
    target_seconds double,
    is_business_time boolean,
    business_due_at timestamp,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    began_clock double,
    began_unscheduled double,
    fault varchar,
);
comment on table store.waits is 'One row per wait, without what depends on the present instant: see the view waits.';
comment on column store.waits.began_clock is 'For a customer still waiting: what the ticket''s business clock showed when the wait began; the rest as in store.tickets.';

create table if not exists store.tickets (
    source varchar,
    ticket_id varchar,
    channel varchar,
    team varchar,
    agent varchar,
    supervisor varchar,
    manager varchar,
    customer varchar,
    priority varchar,
    status varchar,
    is_open boolean,
    topic varchar,
    subject varchar,
    created_at timestamp,
    updated_at timestamp,
    first_response_at timestamp,
    first_solved_at timestamp,
    solved_at timestamp,
    closed_at timestamp,
    abandoned_at timestamp,
    last_status varchar,
    status_since_at timestamp,
    status_since_clock double,
    status_since_unscheduled double,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    reply_count bigint,
    agent_comment_count bigint,
    customer_message_count bigint,
    internal_comment_count bigint,
    comment_count bigint,
    agent_reply_count bigint,
    handoff_count bigint,
    assignee_station_count bigint,
    unique_assignee_count bigint,
    group_station_count bigint,
    reassignment_count bigint,
    resolution_count bigint,
    reopen_count bigint,
    is_one_touch boolean,
    is_two_touch boolean,
    is_multi_touch boolean,
    handle_seconds double,
    first_response_seconds double,
    first_response_business_seconds double,
    total_reply_seconds double,
    first_resolution_seconds double,
    first_resolution_business_seconds double,
    full_resolution_seconds double,
    full_resolution_business_seconds double,
    new_seconds double,
    new_business_seconds double,
    open_seconds double,
    open_business_seconds double,
    agent_wait_seconds double,
    agent_wait_business_seconds double,
    on_hold_seconds double,
    on_hold_business_seconds double,
    unassigned_seconds double,
    unassigned_since_at timestamp,
    promise_kept_at_source boolean,
);
comment on table store.tickets is 'One row per ticket, without what depends on the present instant: see the view tickets.';
comment on column store.tickets.last_status is 'The status it is in, a source''s own words for an open one as open.';
comment on column store.tickets.status_since_clock is 'What its business clock showed when it came into its status; status_since_unscheduled: the seconds without a schedule before.';
comment on column store.tickets.clock_ahead is 'Its business clock less the open seconds of its present schedule; clock_unscheduled: the seconds without a schedule before that.';
comment on column store.tickets.new_seconds is 'Without the stretch that is not over, as open_, agent_wait_ and on_hold_seconds and their business twins.';

create table if not exists store.sla_outcomes (
    source varchar,
    ticket_id varchar,
    metric varchar,
    applied_at timestamp,
    target_seconds double,
    is_business_time boolean,
    policy varchar,
    replied_at timestamp,
    ended_at timestamp,
    gave_up boolean,
    elapsed_seconds double,
    counted_seconds double,
    running_since_at timestamp,
    running_since_clock double,
    running_since_unscheduled double,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    due_at timestamp,
);
comment on table store.sla_outcomes is 'One row per target put on a ticket, without what depends on the present instant: see the view sla_outcomes.';

create table if not exists messages (
    source varchar,
    ticket_id varchar,
    message_id varchar,
    sent_at timestamp,
    author varchar,
    author_kind varchar,
    is_public boolean,
    channel varchar,
    body varchar,
);
comment on table messages is 'One row per message of a ticket.';
comment on column messages.author_kind is 'customer, agent, bot or unknown. Only an agent''s message is an answer, only a customer''s a question.';

create table if not exists survey_responses (
    source varchar,
    response_id varchar,
    survey varchar,
    kind varchar,
    scale_min double,
    scale_max double,
    score double,
    comment varchar,
    sent_at timestamp,
    answered_at timestamp,
    ticket_id varchar,
    customer varchar,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    weight double,
);
comment on table survey_responses is 'One row per survey invitation, answered or not: the unanswered ones are the response rate.';
comment on column survey_responses.kind is 'csat, nps or ces.';
comment on column survey_responses.score is 'As given, on the scale scale_min to scale_max; null: not answered.';

create table if not exists agents (
    source varchar,
    agent varchar,
    team varchar,
    supervisor varchar,
    manager varchar,
    first_seen_at timestamp,
    last_seen_at timestamp,
);
comment on table agents is 'One row per agent of a source: the team, supervisor and manager of the newest ticket they hold.';

create table if not exists teams (source varchar, team varchar, agents bigint, tickets bigint);
comment on table teams is 'One row per team of a source.';

create table if not exists channels (channel varchar, label varchar, position integer);
comment on table channels is 'One row per channel: its name on screen and its order. Unknown channels keep their delivered name and come last.';

create table if not exists store.queue_changes (
    source varchar,
    hour timestamp,
    channel varchar,
    team varchar,
    arrived bigint,
    answered bigint,
    abandoned bigint,
    solved bigint,
    reopened bigint,
    removed bigint,
    open_change bigint,
    waits_began bigint,
    waits_ended bigint,
);
comment on table store.queue_changes is 'One row per hour x channel x team in which something happened: what volume charts read. Levels are in the view queue_hours.';
