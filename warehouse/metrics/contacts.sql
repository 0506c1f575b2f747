-- What became of each ticket after we answered it: tables to group, read from the tables whose names they are given.
create or replace macro first_contacts(
    days := 7, of_tickets := 'tickets', of_sources := 'sources', solved_from := null, solved_until := null, of_all := false
) as table
    with data_ends as (
        select
            source,
            max(as_of) as as_of,
        from query_table(of_sources)
        group by source
    ),

    judged as (
        select
            tickets.* exclude (reply_count),
            -- A chat and a talk in person are one contact, however many messages go to and fro. A call has no messages: that it was
            -- answered is its reply.
            coalesce(
                case when tickets.channel in ('chat', 'in_person') and tickets.reply_count > 0 then 1 end,
                nullif(tickets.reply_count, 0),
                nullif(tickets.answered_call_count, 0),
                tickets.reply_count
            ) as reply_count,
            tickets.reopen_count > 0 or tickets.is_open as was_reopened,
            data_ends.as_of >= tickets.first_solved_at + to_days(days) as is_due,
            coalesce(tickets.next_created_at <= tickets.first_solved_at + to_days(days), false) as came_back,
        from query_table(of_tickets) as tickets
        left join data_ends using (source)
        where
            (of_all or tickets.first_solved_at is not null)
            and (solved_from is null or tickets.first_solved_at >= solved_from)
            and (solved_until is null or tickets.first_solved_at < solved_until)
    )

    select
        * exclude (is_due, came_back),
        case
            when is_due and customer is not null and reply_count is not null
                then reply_count = 1 and not was_reopened and not came_back
        end as is_first_contact_resolution,
    from judged;

comment on macro table first_contacts is
'family: rows
definition: One row per ticket that was ever solved, with all that the table has of it: whether one agent reply settled it (a chat and a talk in person count as one reply, however many messages they have), with no reopening and no new ticket of that customer on that topic within so many days of first solving it. Until those days have passed it is undecided, though it may have failed already: otherwise failures would be counted before successes. Unknown topics count as one topic. With solved_from and solved_until, two instants, only tickets first solved between them. With of_all tickets that were never solved too, undecided.
unit: rows
clock: calendar
population: tickets solved at least once
date: first_solved_at of the ticket
direction: neither
call: first_contacts(days := 7, of_tickets := ''tickets'', of_sources := ''sources'', solved_from := null, solved_until := null, of_all := false)
example: select channel, first_contact_resolution(is_first_contact_resolution) as share from first_contacts(days := 14) group by all';

create or replace macro transfers(of_tickets := 'tickets', of_all := false) as table
    with telling_sources as (
        -- A source that delivers no changes of hands does not say that there were none.
        select
            source,
            0 as none,
        from query_table(of_tickets)
        where agent_change_count is not null
        group by source
    )

    select
        tickets.*,
        coalesce(tickets.agent_change_count, telling_sources.none) as agent_changes,
        coalesce(tickets.team_change_count, telling_sources.none) as team_changes,
        coalesce(tickets.priority_raise_count, telling_sources.none) as priority_raises,
        agent_changes + team_changes > 0 as is_transferred,
        team_changes + priority_raises > 0 as is_escalated,
    from query_table(of_tickets) as tickets
    left join telling_sources using (source)
    where of_all or telling_sources.none is not null;

comment on macro table transfers is
'family: rows
definition: One row per ticket, with all that the table has of it: how often it was passed from one agent or team to another, and how often its priority was raised. With of_all tickets of sources that deliver no such changes too, of which that is null.
unit: rows
clock: none
population: tickets of sources that deliver changes of agent or team
date: created_at of the ticket
direction: neither
call: transfers(of_tickets := ''tickets'', of_all := false)
example: select team, sum(team_changes) as passed_on from transfers() group by all';
