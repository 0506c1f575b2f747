-- Tickets, their durations until now.
create or replace view tickets as
with present as (
    select
        tickets.*,
        case when tickets.is_open and tickets.created_at <= as_of.as_of then epoch(as_of.as_of - tickets.created_at) end as age_seconds,
        -- The clock shows what has passed since creation; null where the ticket had no schedule for some of the time.
        case when tickets.is_open and tickets.clock_unscheduled = 0 then tickets.clock_ahead + open_seconds_now.open_seconds end as age_business_seconds,
        epoch(as_of.as_of - tickets.status_since_at) as present_seconds,
        -- Null where the ticket has, or had, no schedule since it came into its present status.
        case
            when tickets.clock_unscheduled = tickets.status_since_unscheduled
                then tickets.clock_ahead + open_seconds_now.open_seconds - tickets.status_since_clock
        end as present_business_seconds,
    from store.tickets as tickets
    left join as_of on as_of.source = tickets.source
    left join open_seconds_now
        on open_seconds_now.source = tickets.source
        and open_seconds_now.schedule_id = tickets.schedule_id
),

until_now as (
    select
        * replace (
            new_seconds + case when last_status = 'new' then present_seconds else 0 end as new_seconds,
            open_seconds + case when last_status = 'open' then present_seconds else 0 end as open_seconds,
            agent_wait_seconds + case when last_status = 'pending' then present_seconds else 0 end as agent_wait_seconds,
            on_hold_seconds + case when last_status = 'hold' then present_seconds else 0 end as on_hold_seconds,
            new_business_seconds + case when last_status = 'new' then present_business_seconds else 0 end as new_business_seconds,
            open_business_seconds + case when last_status = 'open' then present_business_seconds else 0 end as open_business_seconds,
            agent_wait_business_seconds + case when last_status = 'pending' then present_business_seconds else 0 end as agent_wait_business_seconds,
            on_hold_business_seconds + case when last_status = 'hold' then present_business_seconds else 0 end as on_hold_business_seconds
        ),
    from present
)

select
    * exclude (
        ticket_no,
        asker_no,
        last_status,
        status_since_clock,
        status_since_unscheduled,
        clock_ahead,
        clock_unscheduled,
        present_seconds,
        present_business_seconds
    ),
    reply_count as public_agent_comment_count,
    customer_message_count as customer_comment_count,
    new_seconds + open_seconds as agent_work_seconds,
    new_business_seconds + open_business_seconds as agent_work_business_seconds,
    new_seconds + open_seconds + on_hold_seconds as requester_wait_seconds,
    new_business_seconds + open_business_seconds + on_hold_business_seconds as requester_wait_business_seconds,
    new_seconds + open_seconds + on_hold_seconds + agent_wait_seconds as solve_seconds,
    new_business_seconds + open_business_seconds + on_hold_business_seconds + agent_wait_business_seconds as solve_business_seconds,
from until_now;
comment on view tickets is 'One row per ticket, its durations until now. A call or chat that was abandoned is a ticket with status abandoned. Durations ending _business_seconds count only time within the schedules it was under; null: it had none, for some of the time.
example: select channel, count(*) as open_tickets, max(age_seconds) as oldest_seconds from tickets where is_open group by channel order by open_tickets desc';
comment on column tickets.source is 'Source it comes from, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column tickets.ticket_id is 'The ticket, by its source''s own id: waits, ticket_events, messages, sla_outcomes and survey_responses name it.';
comment on column tickets.channel is 'How the customer came: email, chat, phone, social, web, in_person, self_service, or the source''s own word; joins channels.';
comment on column tickets.team is 'The team that holds it now, or held it last; null: none.';
comment on column tickets.agent is 'The agent that holds it now, or held it last; null: none.';
comment on column tickets.supervisor is 'Supervisor of that agent, where the source says; null: it does not.';
comment on column tickets.manager is 'Manager of that supervisor, where the source says; null: it does not.';
comment on column tickets.customer is 'Who asked: the same value for the same customer of a source; null: not said.';
comment on column tickets.priority is 'low, normal, high, urgent, or the source''s own word; null: not said.';
comment on column tickets.status is 'new, open, pending (the customer is waited for), hold, solved, closed, abandoned, deleted, merged, or the source''s own word, in lower case.';
comment on column tickets.is_open is 'Whether it still needs work: any status but solved, closed, abandoned, deleted and merged.';
comment on column tickets.topic is 'What it is about, as the source says; null: it does not.';
comment on column tickets.subject is 'Its title, as text somebody wrote; null: none.';
comment on column tickets.created_at is 'When the customer asked (UTC): the date most figures count on.';
comment on column tickets.updated_at is 'When it last changed (UTC), as the source says; null: it does not.';
comment on column tickets.first_response_at is 'When an agent first answered in public (UTC); a message by which an agent opened the ticket is none. Null: not yet.';
comment on column tickets.first_solved_at is 'First time it was solved (UTC; closed, where it never was); null: never, as far as the source tells.';
comment on column tickets.solved_at is 'Last time it was solved (UTC; closed, where it never was); null while it is open, and where it was never solved.';
comment on column tickets.closed_at is 'When it was closed for good (UTC), as the source says; null: not, or it does not say.';
comment on column tickets.abandoned_at is 'When the customer gave up before an answer (UTC); null: did not.';
comment on column tickets.status_since_at is 'When it came into its present status (UTC).';
comment on column tickets.schedule_id is 'The schedule it is under now: joins schedules on source and schedule_id; null: none.';
comment on column tickets.reply_count is 'Public messages by agents. This and the other counts of messages are null where the source delivers no messages; bots and unknown authors are left out.';
comment on column tickets.agent_comment_count is 'Messages by agents, private ones too; null: the source delivers none.';
comment on column tickets.customer_message_count is 'Messages by customers; null: the source delivers none.';
comment on column tickets.internal_comment_count is 'Private messages; null: the source delivers none.';
comment on column tickets.comment_count is 'All messages by agents and customers; null: the source delivers none.';
comment on column tickets.agent_reply_count is 'Public messages by agents after the ticket''s first public message; null: the source delivers none.';
comment on column tickets.handoff_count is 'Different agents who wrote on it; null: the source delivers no messages.';
comment on column tickets.assignee_station_count is 'Times an agent was set; null where the source delivers no changes.';
comment on column tickets.unique_assignee_count is 'Different agents it was set to; null where the source delivers no changes.';
comment on column tickets.group_station_count is 'Times a team was set; null where the source delivers no changes.';
comment on column tickets.reassignment_count is 'Times it went from one agent or team to another; null where the source delivers no changes.';
comment on column tickets.agent_change_count is 'Times it went from one agent to another, as far as changes tell; null: none tells of an agent or a team.';
comment on column tickets.team_change_count is 'Times it went from one team to another, as far as changes tell; null: none tells of an agent or a team.';
comment on column tickets.priority_raise_count is 'Times its priority was raised (low, normal, high, urgent); null where the source delivers no changes.';
comment on column tickets.answered_call_count is 'Waits of it on the phone that an agent answered.';
comment on column tickets.next_created_at is 'When the same customer asked about the same topic again (UTC): created_at of their next ticket of that source, where unknown topics count as one; null: not yet, or the customer is not known.';
comment on column tickets.bot_reply_count is 'Public messages by bots; null: no public message is known.';
comment on column tickets.resolution_count is 'Times its status became solved.';
comment on column tickets.reopen_count is 'Times it was finished (solved or closed) again. A ticket that is open again counts once it is finished; backlog_changes has the moment of each reopening.';
comment on column tickets.is_one_touch is 'Solved or closed now, with exactly one public message by an agent; null: the source delivers no messages.';
comment on column tickets.is_two_touch is 'Solved or closed now, with exactly two public messages by agents; null: the source delivers no messages.';
comment on column tickets.is_multi_touch is 'Solved or closed now, with none or more than two public messages by agents; null: the source delivers no messages.';
comment on column tickets.handle_seconds is 'Time agents worked on it, where the source says so: else the length of its calls; null: neither is known.';
comment on column tickets.first_response_seconds is 'From creation to first_response_at, on the calendar; for calls the time in the queue; null while unanswered, and where the answer is said to come first.';
comment on column tickets.first_response_business_seconds is 'As first_response_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.total_reply_seconds is 'Sum of all waits for an answer, on the calendar: from creation, and from each first message of a customer''s turn, to the agent''s next public message. Unanswered turns add nothing; null: there was no answer.';
comment on column tickets.first_resolution_seconds is 'From creation to the first time it was solved (closed, where it never was), on the calendar; null: never.';
comment on column tickets.first_resolution_business_seconds is 'As first_resolution_seconds, within its schedules only; null: it is not solved or closed now, or had no schedule for some of the time.';
comment on column tickets.full_resolution_seconds is 'From creation to the last time it was solved (closed, where it never was), on the calendar, also where it is open again; null: never.';
comment on column tickets.full_resolution_business_seconds is 'As full_resolution_seconds, within its schedules only; null: it is not solved or closed now, or had no schedule for some of the time.';
comment on column tickets.new_seconds is 'Time in status new, on the calendar; this and the other times by status are null where the source does not tell changes of status.';
comment on column tickets.new_business_seconds is 'As new_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.open_seconds is 'Time in status open, or in a status that counts as open, on the calendar; null: the source does not tell.';
comment on column tickets.open_business_seconds is 'As open_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.agent_wait_seconds is 'Time in status pending, on the calendar: agents waited for the customer; null: the source does not tell.';
comment on column tickets.agent_wait_business_seconds is 'As agent_wait_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.on_hold_seconds is 'Time in status hold, on the calendar; null: the source does not tell.';
comment on column tickets.on_hold_business_seconds is 'As on_hold_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.unassigned_seconds is 'Time without an agent, in stretches that ended with one, on the calendar; null: there was no such stretch, or the source does not tell.';
comment on column tickets.unassigned_since_at is 'Without an agent since (UTC); null: it has one, or the source does not tell.';
comment on column tickets.promise_kept_at_source is 'The source''s own word on whether its promise was kept; null: it says nothing. What we work out is in sla_outcomes.';
comment on column tickets.age_seconds is 'For open tickets: since creation, until now (the source''s as-of instant), on the calendar; null: not open.';
comment on column tickets.age_business_seconds is 'As age_seconds, counting only time within its schedules, from the call where one came first; null: not open, or without a schedule for some of the time.';
comment on column tickets.public_agent_comment_count is 'reply_count, under the name that help desks know; null where that is.';
comment on column tickets.customer_comment_count is 'customer_message_count, under the name that help desks know; null where that is.';
comment on column tickets.agent_work_seconds is 'new_seconds + open_seconds: time it was ours to work on; null: the source does not tell changes of status.';
comment on column tickets.agent_work_business_seconds is 'As agent_work_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.requester_wait_seconds is 'new_seconds + open_seconds + on_hold_seconds: time the customer waited for us; null: the source does not tell changes of status.';
comment on column tickets.requester_wait_business_seconds is 'As requester_wait_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
comment on column tickets.solve_seconds is 'new_seconds + open_seconds + on_hold_seconds + agent_wait_seconds: all the time it was not solved; null: the source does not tell changes of status.';
comment on column tickets.solve_business_seconds is 'As solve_seconds, counting only time within the ticket''s schedules; null: it had none, for some of the time.';
