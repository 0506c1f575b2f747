-- The tables of the file. Times are UTC instants without a zone (_at), durations seconds (_seconds), shares 0-1.
-- `store` keeps delivered rows, one table a kind of row (made from rows.py); `main` is what people query.
-- Here is what the pipelines note of their own work; the rest is in tables/.
create schema if not exists store;

create table if not exists about (schema_version integer, product_version varchar);
comment on table about is 'One row: which schema this file has, and which version of the product wrote it.
example: select schema_version, product_version from about';
comment on column about.schema_version is 'The shape of its tables, as a number. An older version of the product leaves a file with a higher one alone.';
comment on column about.product_version is 'The version of the product that wrote it.';

create table if not exists store.memory (name varchar, value varchar);
comment on table store.memory is 'One row per fact that the pipelines remember between runs.
example: select value from store.memory where name = ''marts''';
comment on column store.memory.name is 'What it is about: marts (the settings that tables were built with), feed NAME (the mapping its files were loaded with), numbers of ids (how DuckDB hashes), numbers of tickets (whether each stands for one ticket of its source alone), definitions (a fingerprint of those of all tables, views and macros), rows taken out, sources pulled, rows put in order, published (what published files look like from outside).';
comment on column store.memory.value is 'What was so when it was noted: another value than the present one makes the pipelines build or load again.';

create table if not exists store.looked (feed varchar, path varchar, bytes bigint, modified_ns bigint, content_id varchar);
comment on table store.looked is 'One row per path that was looked at: unchanged size and time means known, without reading it again.
example: select feed, count(*) as paths, sum(bytes) as bytes from store.looked group by feed';
comment on column store.looked.feed is 'The [sources.NAME] of support.toml that looked; for raw tables with the version of what turns them into rows.';
comment on column store.looked.path is 'Where it lay, in the folder it was delivered to.';
comment on column store.looked.bytes is 'Its size when it was looked at.';
comment on column store.looked.modified_ns is 'When it was written: nanoseconds since 1970-01-01 UTC.';
comment on column store.looked.content_id is 'What was in it: joins files on feed and content_id. Null for raw tables, which are turned into files of their own.';

create table if not exists store.touched_tickets (ticket_no uinteger);
comment on table store.touched_tickets is 'Tickets whose delivered rows changed and whose marts are still to be built.
example: select count(distinct ticket_no) as to_build from store.touched_tickets';
comment on column store.touched_tickets.ticket_no is 'The number made of the id of the ticket: see store.ticket_rows. May stand here more than once.';

create table if not exists store.touched_askers (asker_no ubigint);
comment on table store.touched_askers is 'Customers and topics of which a ticket came, went or moved in time: when they asked again is still to be found.
example: select count(distinct asker_no) as to_find from store.touched_askers';
comment on column store.touched_askers.asker_no is 'The number made of source, customer and topic: see store.tickets. May stand here more than once.';

create table if not exists store.touched_responses (source varchar, response_id varchar);
comment on table store.touched_responses is 'Survey invitations whose delivered rows changed and that are still to be built.
example: select source, count(distinct response_id) as to_build from store.touched_responses group by source';
comment on column store.touched_responses.source is 'Source of the invitation: join on source and response_id.';
comment on column store.touched_responses.response_id is 'The invitation. May stand here more than once.';

create table if not exists store.names_shown (source varchar, of varchar, id varchar, shown varchar);
comment on table store.names_shown is 'One row per agent and team that is known by name: what tables show for the id that delivered rows have.
example: select source, of, count(*) as names from store.names_shown group by all';
comment on column store.names_shown.source is 'Source that names it: ids are unique within a source only.';
comment on column store.names_shown.of is 'agent or team.';
comment on column store.names_shown.id is 'The id, as delivered rows of the source have it.';
comment on column store.names_shown.shown is 'The name; where several ids of one source have the same name, with the id in brackets.';

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
comment on table runs is 'One row per run of the pipelines: pull, load, build, check, publish.
example: select run_id, started_at, finished_at - started_at as took, rows_loaded, tickets_built, version from runs order by run_id desc limit 20';
comment on column runs.run_id is 'Number of the run, from 1: joins files and check_results.';
comment on column runs.trigger is 'What started it: schedule (python -m pipelines serve), run, upkeep, forget, rebuild (the commands of these names), or repair (the pipelines'' own file was found damaged: the message says more).';
comment on column runs.started_at is 'When it began (UTC); its files were pulled just before.';
comment on column runs.finished_at is 'When it was done (UTC), publishing not counted; null while it runs and where it was killed.';
comment on column runs.state is 'done, failed, or running (also a run that was killed, until the next start).';
comment on column runs.message is 'What went wrong, for a person; null: nothing.';
comment on column runs.files is 'Files that it loaded or refused.';
comment on column runs.rows_read is 'Rows in those files: rows_read = loaded + unchanged + superseded + rejected.';
comment on column runs.rows_loaded is 'Rows that were new, or newer and different.';
comment on column runs.rows_unchanged is 'Rows that said what was known already.';
comment on column runs.rows_superseded is 'Rows that were older than what was known.';
comment on column runs.rows_rejected is 'Rows that could not be loaded: see rejected_rows.';
comment on column runs.tickets_built is 'Tickets whose tables were built anew.';
comment on column runs.pull_seconds is 'Time it took to find and copy new files.';
comment on column runs.load_seconds is 'Time it took to load them.';
comment on column runs.build_seconds is 'Time it took to build tables; null: nothing had changed.';
comment on column runs.check_seconds is 'Time the checks took; null: nothing had changed.';
comment on column runs.publish_seconds is 'Time publishing took the last time it was done: a file cannot hold the time of its own publication; null: it never was.';
comment on column runs.version is 'The version of warehouse.duckdb that this run published; null: nothing changed, or publishing was put off to a later run.';

create table if not exists upkeeps (
    started_at timestamp,
    bytes_before bigint,
    bytes_after bigint,
    slices bigint,
    rows bigint,
    seconds double,
    longest_step_seconds double,
);
comment on table upkeeps is 'One row per upkeep of the file that found something to do: rows put back in order of time, the space of dropped rows given back.
example: select started_at, rows, seconds, longest_step_seconds, bytes_after / bytes_before as size from upkeeps order by started_at desc limit 20';
comment on column upkeeps.started_at is 'When it began (UTC).';
comment on column upkeeps.bytes_before is 'Size of the pipelines'' own file before it.';
comment on column upkeeps.bytes_after is 'Size of that file after it.';
comment on column upkeeps.slices is 'Slices of time, of all tables, that were put in order.';
comment on column upkeeps.rows is 'Rows in them: they were moved, and are as they were.';
comment on column upkeeps.seconds is 'What its steps took together; runs went on between them.';
comment on column upkeeps.longest_step_seconds is 'What its longest step took: a run may have waited for as long.';

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
    landed_at timestamp,
    expired_at timestamp,
);
comment on table files is 'One row per delivered file (by content). rows_read = loaded + unchanged + superseded + rejected.
example: select feed, count(*) as files, sum(rows_read) as rows_read, sum(rows_rejected) as rows_rejected from files group by feed';
comment on column files.file_no is 'Number of the file in order of arrival, over all feeds: joins rejected_rows.';
comment on column files.feed is 'The [sources.NAME] entry of support.toml that read it.';
comment on column files.source is 'Source it belongs to: part_of of its feed, else the feed.';
comment on column files.name is 'Its name, as delivered.';
comment on column files.content_id is 'What a delivered file is known by: 128 bits of BLAKE2b over its bytes. The same content again is no new file.';
comment on column files.bytes is 'Its size, as delivered.';
comment on column files.modified_at is 'When it was written (UTC), as its file system said.';
comment on column files.landed_name is 'Where its copy lies: folder and name below data/landing.';
comment on column files.state is 'landed (copied, not yet loaded), loaded, refused (nothing of it was loaded; see reason), or left (its source is no longer in support.toml).';
comment on column files.reason is 'Why it was refused or left; null: it was not.';
comment on column files.as_of is 'The latest instant the file speaks of (UTC): when its export was taken, where it says so; null: it was not loaded, or names no instant.';
comment on column files.rows_read is 'Rows in it; null, as the other counts: not loaded.';
comment on column files.rows_loaded is 'Rows that were new, or newer and different.';
comment on column files.rows_unchanged is 'Rows that said what was known already.';
comment on column files.rows_superseded is 'Rows that were older than what was known.';
comment on column files.rows_rejected is 'Rows that could not be loaded: see rejected_rows.';
comment on column files.run_id is 'The run that loaded or refused it: joins runs; null: it waits to be loaded.';
comment on column files.landed_at is 'When it was taken into the archive (UTC): keep_landed counts from here. Null: an earlier version took it in.';
comment on column files.expired_at is 'When its copy was taken out of the archive, as keep_landed was over (UTC): what it said stays. Null: it is kept.';

create table if not exists rejected_rows (
    file_no bigint,
    feed varchar,
    source varchar,
    file_name varchar,
    line_no bigint,
    reason varchar,
    delivered varchar,
);
comment on table rejected_rows is 'One row per row that could not be loaded, as delivered, with the reason.
example: select feed, reason, count(*) as rows from rejected_rows group by all order by rows desc limit 20';
comment on column rejected_rows.file_no is 'The file it was in: joins files.';
comment on column rejected_rows.feed is 'The [sources.NAME] entry of support.toml that read it.';
comment on column rejected_rows.source is 'Source its file belongs to.';
comment on column rejected_rows.file_name is 'Name of that file, as delivered.';
comment on column rejected_rows.line_no is 'Row number in the file, counted after the header; for a broken CSV line the line of the file; null: not known.';
comment on column rejected_rows.reason is 'What was wrong, beginning with the field where one was.';
comment on column rejected_rows.delivered is 'The row as it was delivered, as text.';

create table if not exists erasures (pseudonym varchar, erased_at timestamp, kind varchar, rows bigint);
comment on table erasures is 'One row per customer erased on request and kind of row: that it was done, without the data.
example: select pseudonym, erased_at, sum(rows) as rows from erasures group by pseudonym, erased_at order by erased_at';
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
comment on table check_results is 'One row per check and source that found something in the last run. Severity error keeps the last good version in place.
example: select severity, source, meaning, found, examples from check_results order by severity, found desc';
comment on column check_results.run_id is 'The run that checked: joins runs.';
comment on column check_results.name is 'The check: a file of warehouse/checks/.';
comment on column check_results.severity is 'error (keeps the last good version in place) or warning.';
comment on column check_results.meaning is 'What is wrong, for a person.';
comment on column check_results.source is 'Source it was found in; empty: in none in particular.';
comment on column check_results.found is 'Times it was found.';
comment on column check_results.examples is 'Up to three of what it was found on, such as ids of tickets.';
