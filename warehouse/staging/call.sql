-- One row per delivered call; a call without a ticket is a contact of its own, named after the call.
select * replace (coalesce(ticket_id, call_id) as ticket_id), from typed
