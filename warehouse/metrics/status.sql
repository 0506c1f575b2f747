-- Whether a ticket of this status still needs work. Statuses that are not known here count as open: better seen than lost.
create or replace macro is_open_status(status) as
    status not in ('solved', 'closed', 'abandoned', 'deleted', 'merged');
