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
);
comment on table targets is 'One row per promise of support.toml: within how many seconds, for which share. Null source, channel or priority: any.';
comment on column targets.metric is 'first_response or next_response.';

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
comment on table ticket_events is 'One row per change of a ticket: status, agent, team, priority, channel.';
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
    target_seconds double,
    fault varchar,
);
comment on table store.waits is 'One row per wait, without what depends on the present instant: see the view waits.';

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
    reopen_count bigint,
    reassignment_count bigint,
    reply_count bigint,
    customer_message_count bigint,
    handle_seconds double,
    first_response_seconds double,
    first_resolution_seconds double,
    full_resolution_seconds double,
    promise_kept_at_source boolean,
);
comment on table store.tickets is 'One row per ticket, without what depends on the present instant: see the view tickets.';

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
comment on column messages.author_kind is 'customer, agent or bot. A bot''s message is not an answer.';

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
