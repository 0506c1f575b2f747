-- One row per ticket behind a figure, the newest moment first, at most $most: the ticket as it is now and the moment that put it here.
-- What the figure counts and what restricts it: see warehouse/moments_behind.sql.
with
    chosen_moments as ({{ moments_behind }}),

    chosen as (
        select source, ticket_id, ticket_no, moment, figure,
        from chosen_moments
        where is_once
        union all
        select source, ticket_id, max(ticket_no) as ticket_no, max(moment) as moment, max_by(figure, moment) as figure,
        from chosen_moments
        where not is_once
        group by source, ticket_id
    ),

    newest as (select *, from chosen order by moment desc nulls last, source, ticket_id limit $most)

select
    newest.ticket_id,
    newest.source,
    newest.moment,
    newest.figure,
    tickets.subject,
    tickets.channel,
    tickets.team,
    tickets.agent,
    tickets.topic,
    tickets.priority,
    tickets.status,
    tickets.created_at,
    tickets.first_response_seconds,
    tickets.full_resolution_seconds,
    tickets.reopen_count,
from newest
left join
    store.tickets as tickets
    on tickets.ticket_no = newest.ticket_no
    and tickets.source = newest.source
    and tickets.ticket_id = newest.ticket_id
order by newest.moment desc nulls last, newest.source, newest.ticket_id
