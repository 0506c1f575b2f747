-- What happened to tickets: changes, messages, and what they add up to by hour.
create table if not exists ticket_events (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    happened_at timestamp,
    position bigint,
    field varchar,
    old_value varchar,
    new_value varchar,
    actor varchar,
    is_inferred boolean,
);
comment on table ticket_events is 'One row per change of a ticket: status, agent, team, priority, channel, schedule.
example: select field, old_value, new_value, count(*) as changes from ticket_events where field = ''status'' and not is_inferred group by all order by changes desc';
comment on column ticket_events.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column ticket_events.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column ticket_events.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column ticket_events.happened_at is 'When it changed (UTC); for what a ticket''s first row shows when that was seen, as it was set some time before.';
comment on column ticket_events.position is 'Order of the changes of a ticket, from 1.';
comment on column ticket_events.field is 'What changed, in lower case: status, agent, team, priority, channel, schedule, or another that the source delivers.';
comment on column ticket_events.old_value is 'Before; null: it had none, or the source does not say.';
comment on column ticket_events.new_value is 'After; null: it had none from then on.';
comment on column ticket_events.actor is 'Who changed it; null: the source does not say.';
comment on column ticket_events.is_inferred is 'True where the source does not deliver the change: it is read off the ticket''s own times, or off the first row that shows the whole ticket.';

create table if not exists backlog_changes (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    happened_at timestamp,
    change varchar,
    open_change tinyint,
    until_at timestamp,
    created_at timestamp,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    priority varchar,
);
comment on table backlog_changes is 'One row per moment a ticket entered or left the backlog. Channel, team, agent, topic and priority are the ticket''s present ones.
example: select date_trunc(''day'', happened_at) as day, sum(open_change) as net from backlog_changes group by all order by day';
comment on column backlog_changes.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column backlog_changes.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column backlog_changes.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column backlog_changes.happened_at is 'When it happened (UTC).';
comment on column backlog_changes.change is 'arrived, solved, reopened, abandoned (the customer gave up before an answer) or removed (deleted, merged).';
comment on column backlog_changes.open_change is '1: one ticket more is open; -1: one less. Added up over all time before an instant it is the backlog then.';
comment on column backlog_changes.until_at is 'When the ticket changed sides next (UTC): one that entered was open from happened_at until then; null: it is so still.';
comment on column backlog_changes.created_at is 'When the ticket was made (UTC): at an instant at which it was open, its age counts from here.';
comment on column backlog_changes.channel is 'The ticket''s present channel.';
comment on column backlog_changes.team is 'The team that holds the ticket now; null: none.';
comment on column backlog_changes.agent is 'The agent that holds the ticket now; null: none.';
comment on column backlog_changes.topic is 'The ticket''s present topic; null: not said.';
comment on column backlog_changes.priority is 'The ticket''s present priority; null: not said.';

create table if not exists messages (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    message_id varchar,
    sent_at timestamp,
    author varchar,
    author_kind varchar,
    is_public boolean,
    channel varchar,
    body varchar,
);
comment on table messages is 'One row per message of a ticket.
example: select author_kind, is_public, count(*) as messages from messages group by all';
comment on column messages.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column messages.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column messages.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column messages.message_id is 'The message, by its source''s own id: unique within the source.';
comment on column messages.sent_at is 'When it was sent (UTC).';
comment on column messages.author is 'Who wrote it; null: the source does not say.';
comment on column messages.author_kind is 'customer, agent, bot or unknown. Only an agent''s message is an answer, only a customer''s a question.';
comment on column messages.is_public is 'Whether the customer sees it. A private message is a note among agents and no answer.';
comment on column messages.channel is 'Where it came in or went out: may differ from the ticket''s; null: the source does not say.';
comment on column messages.body is 'What it says; null: not delivered or not kept.';

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
comment on table store.queue_changes is 'One row per hour x channel x team in which something happened: what volume charts read. Levels are in the view queue_hours.
example: select channel, sum(arrived) as arrived, sum(open_change) as open_tickets from store.queue_changes group by channel';
comment on column store.queue_changes.open_change is 'Tickets that entered the backlog in this hour less those that left it; negative where more left.';
