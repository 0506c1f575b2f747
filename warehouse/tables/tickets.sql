-- Tickets, waits and promises without what depends on the present instant: views of the same names add it. Columns that a view shows
-- have its comments (see comments.py).
create table if not exists store.tickets (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    channel varchar,
    team varchar,
    agent varchar,
    supervisor varchar,
    manager varchar,
    customer varchar,
    priority varchar,
    status varchar,
    is_open boolean,
    topic varchar,
    subject varchar,
    created_at timestamp,
    updated_at timestamp,
    first_response_at timestamp,
    first_solved_at timestamp,
    solved_at timestamp,
    closed_at timestamp,
    abandoned_at timestamp,
    last_status varchar,
    status_since_at timestamp,
    status_since_clock double,
    status_since_unscheduled double,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    reply_count bigint,
    agent_comment_count bigint,
    customer_message_count bigint,
    internal_comment_count bigint,
    comment_count bigint,
    agent_reply_count bigint,
    handoff_count bigint,
    assignee_station_count bigint,
    unique_assignee_count bigint,
    group_station_count bigint,
    reassignment_count bigint,
    resolution_count bigint,
    reopen_count bigint,
    is_one_touch boolean,
    is_two_touch boolean,
    is_multi_touch boolean,
    handle_seconds double,
    first_response_seconds double,
    first_response_business_seconds double,
    total_reply_seconds double,
    first_resolution_seconds double,
    first_resolution_business_seconds double,
    full_resolution_seconds double,
    full_resolution_business_seconds double,
    new_seconds double,
    new_business_seconds double,
    open_seconds double,
    open_business_seconds double,
    agent_wait_seconds double,
    agent_wait_business_seconds double,
    on_hold_seconds double,
    on_hold_business_seconds double,
    unassigned_seconds double,
    unassigned_since_at timestamp,
    promise_kept_at_source boolean,
    bot_reply_count bigint,
    agent_change_count bigint,
    team_change_count bigint,
    priority_raise_count bigint,
    answered_call_count bigint,
    asker_no ubigint,
    next_created_at timestamp,
);
comment on table store.tickets is 'One row per ticket, without what depends on the present instant: see the view tickets.
example: select is_open, count(*) as tickets from store.tickets group by is_open';
comment on column store.tickets.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column store.tickets.asker_no is 'A number made of source, customer and topic, the same for all tickets of one customer on one topic; null: the customer is not known.';
comment on column store.tickets.last_status is 'The status it is in, a source''s own words for an open one as open.';
comment on column store.tickets.status_since_clock is 'What its business clock showed when it came into its present status: working seconds since creation; null: it has no schedule.';
comment on column store.tickets.status_since_unscheduled is 'Seconds it had spent without a schedule when it came into its present status; null: it never had one.';
comment on column store.tickets.clock_ahead is 'Its business clock less the open seconds of its present schedule; null: it is under none now.';
comment on column store.tickets.clock_unscheduled is 'Seconds it spent without a schedule before its present one; null: it never had one.';

create table if not exists store.waits (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    turn bigint,
    kind varchar,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    priority varchar,
    began_at timestamp,
    ended_at timestamp,
    outcome varchar,
    queued boolean,
    wait_seconds double,
    wait_business_seconds double,
    target_seconds double,
    is_business_time boolean,
    due_at timestamp,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    began_clock double,
    began_unscheduled double,
    fault varchar,
);
comment on table store.waits is 'One row per wait, without what depends on the present instant: see the view waits.
example: select outcome, count(*) as waits from store.waits group by outcome';
comment on column store.waits.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column store.waits.due_at is 'When the promised time is used up (UTC); null: nothing was promised, or there is no schedule to count by.';
comment on column store.waits.schedule_id is 'For a customer still waiting: the schedule the ticket is under now; null: none. Null for waits that are over.';
comment on column store.waits.clock_ahead is 'For a customer still waiting: the ticket''s business clock less the open seconds of its present schedule; null: it is under none, or the wait is over.';
comment on column store.waits.clock_unscheduled is 'For a customer still waiting: the seconds the ticket spent without a schedule before its present one; null: it never had one, or the wait is over.';
comment on column store.waits.began_clock is 'For a customer still waiting: what the ticket''s business clock showed when the wait began; null: it never had a schedule, or the wait is over.';
comment on column store.waits.began_unscheduled is 'For a customer still waiting: the seconds the ticket had spent without a schedule when the wait began; null: it never had one, or the wait is over.';

create table if not exists store.sla_outcomes (
    source varchar,
    ticket_id varchar,
    ticket_no uinteger,
    metric varchar,
    applied_at timestamp,
    target_seconds double,
    is_business_time boolean,
    policy varchar,
    replied_at timestamp,
    ended_at timestamp,
    gave_up boolean,
    elapsed_seconds double,
    counted_seconds double,
    running_since_at timestamp,
    running_since_clock double,
    running_since_unscheduled double,
    schedule_id varchar,
    clock_ahead double,
    clock_unscheduled double,
    due_at timestamp,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    priority varchar,
);
comment on table store.sla_outcomes is 'One row per target put on a ticket, without what depends on the present instant: see the view sla_outcomes.
example: select metric, count(*) as targets from store.sla_outcomes group by metric';
comment on column store.sla_outcomes.ticket_no is 'A number made of ticket_id, by which the pipelines find the rows of a ticket. Not unique: join on source and ticket_id.';
comment on column store.sla_outcomes.gave_up is 'Whether the customer gave up before an answer.';
comment on column store.sla_outcomes.counted_seconds is 'What counted towards the target, up to the answer, solving or next target that ended it: what it is judged by; null: working time was promised and the ticket had no schedule.';
comment on column store.sla_outcomes.running_since_at is 'Since when it has been counting without a break (UTC); null: it is not counting now.';
comment on column store.sla_outcomes.running_since_clock is 'What the ticket''s business clock showed then; null: it never had a schedule, or nothing counts now.';
comment on column store.sla_outcomes.running_since_unscheduled is 'Seconds the ticket had spent without a schedule then; null: it never had one, or nothing counts now.';
comment on column store.sla_outcomes.schedule_id is 'The schedule the ticket is under now; null: none.';
comment on column store.sla_outcomes.clock_ahead is 'The ticket''s business clock less the open seconds of its present schedule; null: it is under none now.';
comment on column store.sla_outcomes.clock_unscheduled is 'Seconds the ticket spent without a schedule before its present one; null: it never had one.';
