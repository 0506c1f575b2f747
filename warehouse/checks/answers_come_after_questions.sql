-- severity: warning
-- meaning: answered before asked; counted, and left out of every average
select source, ticket_id as example, from store.waits where fault is not null
