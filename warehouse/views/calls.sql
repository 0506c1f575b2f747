-- Calls and queued chats, with agents and teams by name.
create or replace view calls as
select
    calls.source,
    calls.call_id,
    coalesce(calls.ticket_id, calls.call_id) as ticket_id,
    calls.channel,
    coalesce(teams.shown, calls.team) as team,
    coalesce(agents.shown, calls.agent) as agent,
    calls.customer,
    calls.priority,
    calls.topic,
    calls.entered_at,
    calls.queued_at,
    calls.answered_at,
    calls.abandoned_at,
    calls.ended_at,
from store.call_rows as calls
left join store.names_shown as agents on agents.source = calls.source and agents.of = 'agent' and agents.id = calls.agent
left join store.names_shown as teams on teams.source = calls.source and teams.of = 'team' and teams.id = calls.team;
comment on view calls is 'One row per call or chat that queued for an agent.
example: select channel, count(*) as calls, median(epoch(answered_at - queued_at)) as queue_seconds from calls group by channel';
comment on column calls.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column calls.call_id is 'The call, by its source''s own id.';
comment on column calls.ticket_id is 'Its ticket: joins tickets on source and ticket_id. A call without one is a contact of its own, named after the call.';
comment on column calls.channel is 'How the customer came; null: not said, and the ticket''s holds.';
comment on column calls.team is 'The team that took it; null: not said.';
comment on column calls.agent is 'Who took it; null: nobody, or not said.';
comment on column calls.customer is 'Who called: a keyed hash unless support.toml keeps customers; null: not said.';
comment on column calls.priority is 'Its priority, as delivered; null: not said.';
comment on column calls.topic is 'What it was about; null: not said.';
comment on column calls.entered_at is 'When the customer called (UTC).';
comment on column calls.queued_at is 'When they began to wait for an agent (UTC); null: they did not queue.';
comment on column calls.answered_at is 'When an agent answered (UTC); null: nobody did.';
comment on column calls.abandoned_at is 'When they gave up (UTC); null: they did not.';
comment on column calls.ended_at is 'When the conversation ended (UTC); null: it has not, or the source does not say.';
