-- Whether a ticket of this status still needs work. Statuses that are not known here count as open: better seen than lost.
create or replace macro is_open_status(status) as
    status not in ('solved', 'closed', 'abandoned', 'deleted', 'merged');

comment on macro is_open_status is
'family: rows
definition: Whether a ticket of this status still needs work. A status that is not known counts as open: better seen than lost.
unit: true or false
clock: none
population: one status
date: none: says nothing of time
direction: neither
call: is_open_status(status)
example: select channel, count(*) from tickets where is_open_status(status) group by all';

-- Made with the file, as it depends on the account's time zone; what it means is said here.
comment on macro hour_of is
'family: rows
definition: The hour an instant belongs to. Hours begin when the clocks of the account say so: at half past UTC in zones such as Asia/Kolkata.
unit: instant (UTC)
clock: calendar
population: one instant
date: the instant given
direction: neither
call: hour_of(instant)
example: select hour_of(created_at) as hour, count(*) from tickets group by all';
