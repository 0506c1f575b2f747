-- One row per note of coaching or recognition about the chosen agents, whenever it was written, the newest first; ticket_source is the
-- source
-- of the ticket it is about (null: none that is known).
select
    note_id,
    agent,
    kind,
    body,
    author,
    written_at,
    ticket_id,
    (select min(tickets.source) from store.tickets as tickets where tickets.ticket_id = agent_notes.ticket_id) as ticket_source,
from agent_notes
where $agents is null or list_contains($agents, agent)
order by written_at desc, note_id
