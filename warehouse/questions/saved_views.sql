-- One row per saved view, by name: the page, its address's query, who saved it and when.
select source, view_id, name, page, query, author, saved_at, from saved_views order by lower(name), saved_at, view_id
