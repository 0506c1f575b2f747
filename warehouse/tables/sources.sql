create table if not exists sources (
    source varchar,
    feed varchar,
    kind varchar,
    time_zone varchar,
    as_of timestamp,
    delivered_at timestamp,
    answers_known boolean,
);
comment on table sources is 'One row per feed of a source: what it delivers and how far its data goes.
example: select source, max(as_of) as as_of, max(delivered_at) as delivered_at from sources group by source';
comment on column sources.source is 'The source that this feed is a part of: what all other tables call source.';
comment on column sources.feed is 'The [sources.NAME] entry of support.toml; raw tables are one feed a kind of row.';
comment on column sources.kind is 'What a row of it is: ticket, event, message, call, survey, schedule, holiday, target or name.';
comment on column sources.time_zone is 'Where its dates are local time, if they do not say so themselves.';
comment on column sources.as_of is 'The latest instant this feed has told us of (UTC). Periods and ages count back from the latest of its source: see as_of. Null: nothing loaded yet, or nothing that names an instant.';
comment on column sources.delivered_at is 'When its newest file was written (UTC); null: nothing loaded yet.';
comment on column sources.answers_known is 'Whether the feed says when a customer was answered. Where none of a source does, the source has no waits, rather than wrong ones.';

create table if not exists pulls (
    name varchar,
    source varchar,
    feeds varchar[],
    endpoint varchar,
    pages bigint,
    through_at timestamp,
    attempted_at timestamp,
    complete_at timestamp,
    message varchar,
);
comment on table pulls is 'One row per endpoint of a source that is pulled from a service: how far it is pulled, and what went wrong last.
example: select name, max(complete_at) as complete_at, any_value(message) as message from pulls group by name';
comment on column pulls.name is 'The [sources.NAME] of support.toml.';
comment on column pulls.source is 'Source it belongs to: as in tickets.source.';
comment on column pulls.feeds is 'What its pages are read as: files.feed.';
comment on column pulls.endpoint is 'Which list of the service; empty: nothing was kept yet.';
comment on column pulls.pages is 'Pages, or files, kept since its beginning.';
comment on column pulls.through_at is 'Up to which instant of the service''s own records it is pulled (UTC); null: the service does not say, or nothing was kept yet.';
comment on column pulls.attempted_at is 'When the last pull began (UTC).';
comment on column pulls.complete_at is 'When the last pull that reached the end began (UTC): what the service knew then is here. Null: none did yet.';
comment on column pulls.message is 'What went wrong in the last pull; null: nothing.';

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
comment on table targets is 'One row per promise of support.toml: within how many seconds, for which share. Null source, channel or priority: any.
example: select metric, channel, target_seconds, target_share from targets order by all';
comment on column targets.metric is 'first_response, next_response, agent_work, requester_wait, resolution or periodic_update: as in sla_outcomes.';
comment on column targets.source is 'The source it is for; null: any that delivers no targets of its own.';
comment on column targets.channel is 'The channel it is for; null: any.';
comment on column targets.priority is 'The priority it is for; null: any.';
comment on column targets.target_seconds is 'Within how long. Exactly on target is kept.';
comment on column targets.target_share is 'For which share, 0-1, it is to be kept; null: not said.';
comment on column targets.is_business_time is 'Whether only time within the ticket''s schedule counts.';
comment on column targets.policy is 'What the promise is part of, as support.toml calls it; null: not said.';
comment on column targets.since_at is 'In force from here (UTC); null: always was.';
comment on column targets.until_at is 'In force until here (UTC), not included; null: for good.';
