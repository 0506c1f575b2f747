-- What people wrote beside the tickets, without what was taken back.
create or replace view annotations as
select source, annotation_id, happened_at, ended_at, kind, label, body, channel, team, author, updated_at,
from store.annotation_rows
where not is_removed;
comment on view annotations is 'One row per annotation: what charts show as having happened at a time, as written in the dashboard (source written) or delivered.
example: select happened_at, kind, label from annotations order by happened_at desc';
comment on column annotations.source is 'Source that delivered it; written: somebody wrote it in the dashboard.';
comment on column annotations.annotation_id is 'The annotation, unique within its source.';
comment on column annotations.happened_at is 'When it happened, or began (UTC).';
comment on column annotations.ended_at is 'When it ended (UTC); null: it is a moment.';
comment on column annotations.kind is 'release, holiday, campaign, incident or another word; null: not said.';
comment on column annotations.label is 'What it is, in a few words, as a person wrote it.';
comment on column annotations.body is 'More about it; null: nothing more.';
comment on column annotations.channel is 'The channel it is about; null: every one.';
comment on column annotations.team is 'The team it is about; null: every one.';
comment on column annotations.author is 'Who wrote it; null: not said.';
comment on column annotations.updated_at is 'When this version of it was written (UTC); null: not said.';

create or replace view agent_notes as
select source, note_id, agent, kind, body, author, written_at, ticket_id, updated_at,
from store.note_rows
where not is_removed;
comment on view agent_notes is 'One row per coaching or recognition note about an agent.
example: select agent, kind, count(*) as notes from agent_notes group by all';
comment on column agent_notes.source is 'Source that delivered it; written: somebody wrote it in the dashboard.';
comment on column agent_notes.note_id is 'The note, unique within its source.';
comment on column agent_notes.agent is 'The agent it is about, as in agents.agent.';
comment on column agent_notes.kind is 'coaching or recognition.';
comment on column agent_notes.body is 'What it says, as a person wrote it.';
comment on column agent_notes.author is 'Who wrote it.';
comment on column agent_notes.written_at is 'When it was first written (UTC).';
comment on column agent_notes.ticket_id is 'The ticket it is about; null: none.';
comment on column agent_notes.updated_at is 'When this version of it was written (UTC); null: not said.';

create or replace view saved_views as
with newest_of_name as (
    select *,
    from store.view_rows
    qualify row_number() over (partition by page, name order by saved_at desc, updated_at desc nulls last, source, view_id) = 1
)

-- Removed ones go last: a name that is taken back does not bring back what it meant before.
select source, view_id, name, page, query, author, saved_at, updated_at,
from newest_of_name
where not is_removed;
comment on view saved_views is 'One row per page x name: a page with its filters, saved under a name. Of two with the same name the one saved last holds.
example: select page, name, query from saved_views order by page, name';
comment on column saved_views.source is 'Source that delivered it; written: somebody saved it in the dashboard.';
comment on column saved_views.view_id is 'The saved view, unique within its source.';
comment on column saved_views.name is 'What it is called, as a person wrote it.';
comment on column saved_views.page is 'The page it opens.';
comment on column saved_views.query is 'The query string of its address.';
comment on column saved_views.author is 'Who saved it; null: not said.';
comment on column saved_views.saved_at is 'When it was saved (UTC).';
comment on column saved_views.updated_at is 'When this version of it was written (UTC); null: not said.';
