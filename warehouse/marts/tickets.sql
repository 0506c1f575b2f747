-- One row per touched ticket: counts, moments, and every duration on both clocks, without the stretch that is not over yet.
with
    feeds_of_sources as (
        select source, bool_or(kind = 'message') as tells_messages, bool_or(kind = 'event') as tells_changes, from sources group by source
    ),

    rebuilt as (
        select
            ticket_base.*,
            ticket_base.status in ('solved', 'closed') as is_over,
            coalesce(feeds_of_sources.tells_messages, false) as tells_messages,
            coalesce(feeds_of_sources.tells_changes, false) as tells_changes,
            moments.clock,
            moments.unscheduled,
        from ticket_base
        left join feeds_of_sources using (source)
        left join ticket_moments as moments on moments.ticket = ticket_base.ticket and moments.happened_at = ticket_base.created_at
    ),

    -- Messages -------------------------------------------------------------------------------------------------------
    -- Bots and authors that nobody knows do not count. In the same second the customer comes first. nth counts public messages.
    spoken as (
        select
            ticket,
            sent_at,
            author,
            author_kind,
            is_public,
            count(*) filter (where is_public) over said as nth,
            count(*) filter (where not is_public) over said as notes_before,
            last_value(case when is_public then author_kind end ignore nulls) over earlier as previous_kind,
        from ticket_messages
        where author_kind in ('agent', 'customer')
        window
            said as (partition by ticket order by sent_at, author_kind desc, key rows unbounded preceding),
            earlier as (partition by ticket order by sent_at, author_kind desc, key rows between unbounded preceding and 1 preceding)
    ),

    public_messages as (select * from spoken where is_public),

    speakers as (
        select ticket, bool_or(author_kind = 'unknown') as has_strangers, count(*) filter (where author_kind = 'bot') as bot_reply_count,
        from ticket_messages
        where is_public
        group by ticket
    ),

    comments as (
        select
            ticket,
            count(*) filter (where author_kind = 'agent' and is_public) as reply_count,
            count(*) filter (where author_kind = 'agent') as agent_comment_count,
            count(*) filter (where author_kind = 'customer') as customer_message_count,
            count(*) filter (where not is_public) as internal_comment_count,
            count(*) as comment_count,
            count(distinct author) filter (where author_kind = 'agent') as handoff_count,
            -- A reply is an agent's public message that is not the ticket's first.
            count(*) filter (where author_kind = 'agent' and is_public and nth > 1) as agent_reply_count,
        from spoken
        group by ticket
    ),

    -- A turn begins with the ticket's first public message, and with each customer message that does not follow another one.
    turns as (
        select
            messages.ticket,
            messages.nth,
            messages.sent_at,
            rebuilt.created_at,
            -- Where an agent wrote first, that message is the answer if it follows a note, or a customer whose own words are not delivered.
            messages.nth = 1
            and messages.author_kind = 'agent'
            and (messages.notes_before > 0 or (messages.sent_at > rebuilt.created_at and not speakers.has_strangers)) as answers_itself,
        from public_messages as messages
        inner join rebuilt using (ticket)
        inner join speakers using (ticket)
        where messages.nth = 1 or (messages.author_kind = 'customer' and messages.previous_kind = 'agent')
    ),

    -- The answer is the agent's next public message.
    answered_turns as (
        select turns.*, case when turns.answers_itself then turns.sent_at else answers.sent_at end as answered_at,
        from turns
        asof left join
            (from public_messages where author_kind = 'agent') as answers
            on answers.ticket = turns.ticket
            and answers.sent_at > turns.sent_at
    ),

    -- Answers before their ticket, as some sources say, are no durations.
    replies as (
        select
            ticket,
            min(answered_at) filter (where nth = 1) as first_response_at,
            sum(epoch(answered_at - asked_at)) filter (where answered_at >= asked_at) as total_reply_seconds,
        from (select *, case when nth = 1 then created_at else sent_at end as asked_at, from answered_turns)
        group by ticket
    ),

    -- Calls, and tickets without messages: their first wait says when they were answered.
    wait_facts as (
        select
            ticket,
            min(ended_at) filter (where outcome = 'answered') as first_response_at,
            count(*) filter (where outcome = 'answered' and channel = 'phone') as answered_call_count,
            arg_min({'began_at':began_at, 'ended_at':ended_at, 'wait_seconds':wait_seconds}, turn) filter (
                where turn = 1 and outcome = 'answered'
            ) as first_wait,
        from wait_turns
        group by ticket
    ),

    first_responses as (
        select
            rebuilt.ticket,
            rebuilt.has_messages and not rebuilt.has_calls as is_conversation,
            case when is_conversation then replies.first_response_at else wait_facts.first_response_at end as answered_at,
            case
                when not is_conversation
                then wait_facts.first_wait.wait_seconds
                when replies.first_response_at >= rebuilt.created_at
                then epoch(replies.first_response_at - rebuilt.created_at)
            end as first_response_seconds,
            case
                when first_response_seconds is null
                then null
                when is_conversation
                then business_seconds(rebuilt.clock, rebuilt.unscheduled, ended.clock, ended.unscheduled)
                else business_seconds(began.clock, began.unscheduled, ended.clock, ended.unscheduled)
            end as first_response_business_seconds,
        from rebuilt
        left join replies using (ticket)
        left join wait_facts using (ticket)
        left join ticket_moments as began on began.ticket = rebuilt.ticket and began.happened_at = wait_facts.first_wait.began_at
        left join
            ticket_moments as ended
            on ended.ticket = rebuilt.ticket
            and ended.happened_at = case
                when rebuilt.has_messages and not rebuilt.has_calls then replies.first_response_at else wait_facts.first_wait.ended_at
            end
    ),

    -- Statuses -------------------------------------------------------------------------------------------------------
    spans as (
        select
            *,
            status in ('solved', 'closed') as is_end,
            epoch(ended_at - began_at) as calendar_seconds,
            business_seconds(began_clock, began_unscheduled, ended_clock, ended_unscheduled) as business_seconds,
        from status_spans
    ),

    -- Of the moments a ticket became solved; where it never did, those it became closed: how many, the first and the last.
    durations as (
        select
            ticket,
            coalesce(sum(calendar_seconds) filter (where status = 'new'), 0) as new_seconds,
            coalesce(sum(calendar_seconds) filter (where status = 'open'), 0) as open_seconds,
            coalesce(sum(calendar_seconds) filter (where status = 'pending'), 0) as agent_wait_seconds,
            coalesce(sum(calendar_seconds) filter (where status = 'hold'), 0) as on_hold_seconds,
            coalesce(sum(business_seconds) filter (where status = 'new'), 0) as new_business_seconds,
            coalesce(sum(business_seconds) filter (where status = 'open'), 0) as open_business_seconds,
            coalesce(sum(business_seconds) filter (where status = 'pending'), 0) as agent_wait_business_seconds,
            coalesce(sum(business_seconds) filter (where status = 'hold'), 0) as on_hold_business_seconds,
            -- One stretch without a schedule leaves a sum unknown.
            coalesce(bool_and(business_seconds is not null) filter (where ended_at is not null), true) as is_scheduled,
            -- Statuses read off the ticket's own times say when it was solved, not what it was meanwhile.
            bool_or(not is_inferred) as is_told,
            max(began_at) filter (where ended_at is null) as status_since_at,
            arg_max(began_clock, position) filter (where ended_at is null) as status_since_clock,
            arg_max(began_unscheduled, position) filter (where ended_at is null) as status_since_unscheduled,
            arg_max(status, position) as last_status,
            count(*) filter (where status = 'solved') as resolution_count,
            count(*) filter (where is_end and not was_over) as finish_count,
            coalesce(min(began_at) filter (where status = 'solved'), min(began_at) filter (where is_end)) as first_solved_at,
            coalesce(max(began_at) filter (where status = 'solved'), max(began_at) filter (where is_end)) as last_solved_at,
            coalesce(
                arg_min(began_clock, position) filter (where status = 'solved'), arg_min(began_clock, position) filter (where is_end)
            ) as first_clock,
            coalesce(
                arg_max(began_clock, position) filter (where status = 'solved'), arg_max(began_clock, position) filter (where is_end)
            ) as last_clock,
            coalesce(
                arg_min(began_unscheduled, position) filter (where status = 'solved'),
                arg_min(began_unscheduled, position) filter (where is_end)
            ) as first_unscheduled,
            coalesce(
                arg_max(began_unscheduled, position) filter (where status = 'solved'),
                arg_max(began_unscheduled, position) filter (where is_end)
            ) as last_unscheduled,
        from spans
        group by ticket
    ),

    -- Agents and teams -----------------------------------------------------------------------------------------------
    holders as (
        select ticket, happened_at, position, field, old_value, new_value, is_inferred, from events_built where field in ('agent', 'team')
    ),

    -- From one to another: being given to a first one, or to none, is no passing on.
    passed_on as (
        select
            ticket,
            field,
            not is_inferred and field in ('agent', 'team') as is_told_hand,
            not is_inferred and old_value <> new_value as is_change,
            list_position(['low', 'normal', 'high', 'urgent'], lower(old_value)) as old_rank,
            list_position(['low', 'normal', 'high', 'urgent'], lower(new_value)) as new_rank,
        from events_built
        where field in ('agent', 'team', 'priority')
    ),

    passes as (
        select
            ticket,
            count(*) filter (where is_told_hand) as told_count,
            count(*) filter (where field = 'agent' and is_change) as agent_change_count,
            count(*) filter (where field = 'team' and is_change) as team_change_count,
            count(*) filter (where field = 'priority' and is_change and old_rank > 0 and new_rank > old_rank) as priority_raise_count,
        from passed_on
        group by ticket
    ),

    stations as (
        select
            ticket,
            count(*) filter (where field = 'agent' and new_value is not null) as assignee_station_count,
            count(distinct new_value) filter (where field = 'agent') as unique_assignee_count,
            count(*) filter (where field = 'team' and new_value is not null) as group_station_count,
            count(*) filter (where old_value is not null and new_value is not null and not is_inferred) as reassignment_count,
        from holders
        group by ticket
    ),

    -- A ticket is nobody's from creation until its first agent, unless it had one at once. Without changes of agent nobody knows, unless
    -- it has none now.
    agent_changes as (
        select ticket, happened_at, position, new_value as agent,
        from holders
        where field = 'agent'
        union all
        select
            rebuilt.ticket,
            rebuilt.created_at as happened_at,
            0 as position,
            -- Kept in a list: the agent before the first change may be none. What the first row of a ticket shows was so from the
            -- beginning.
            arg_min([case when holders.is_inferred then holders.new_value else holders.old_value end], holders.position)[1] as agent,
        from rebuilt
        inner join holders on holders.ticket = rebuilt.ticket and holders.field = 'agent'
        group by rebuilt.ticket, rebuilt.created_at
        union all
        select ticket, created_at as happened_at, 0 as position, null as agent,
        from rebuilt
        anti join (from holders where field = 'agent') as assigned using (ticket)
        where tells_changes and agent is null
    ),

    agent_spans as (
        select
            ticket, agent, happened_at as began_at, lead(happened_at) over (partition by ticket order by happened_at, position) as ended_at,
        from agent_changes
    ),

    unassigned as (
        select
            ticket,
            sum(epoch(ended_at - began_at)) as unassigned_seconds,
            max(began_at) filter (where ended_at is null) as unassigned_since_at,
        from agent_spans
        where agent is null
        group by ticket
    ),

    -- The schedule it is under now.
    present_clocks as (
        select ticket, schedule_id, case when has_schedule then clock_ahead end as clock_ahead, unscheduled_before as clock_unscheduled,
        from ticket_clocks
        where to_at is null
    ),

    -- When its customer asked again stays as it was; warehouse/returns.py finds what is otherwise now.
    known_returns as (select hash(source, ticket_id) as ticket, asker_no as known_asker_no, next_created_at from tickets_before),

    calls as (
        select ticket, sum(epoch(ended_at - answered_at)) filter (where ended_at >= answered_at) as handle_seconds,
        from delivered_calls
        group by ticket
    ),

    combined as (
        select
            rebuilt.source,
            rebuilt.ticket,
            rebuilt.channel,
            rebuilt.team,
            rebuilt.agent,
            rebuilt.supervisor,
            rebuilt.manager,
            rebuilt.customer,
            rebuilt.priority,
            rebuilt.status,
            rebuilt.is_open,
            rebuilt.topic,
            rebuilt.subject,
            rebuilt.created_at,
            rebuilt.updated_at,
            coalesce(first_responses.answered_at, rebuilt.first_response_at) as first_response_at,
            durations.first_solved_at,
            case when not rebuilt.is_open then coalesce(durations.last_solved_at, rebuilt.solved_at) end as solved_at,
            rebuilt.closed_at,
            rebuilt.abandoned_at,
            durations.last_status,
            durations.status_since_at,
            durations.status_since_clock,
            durations.status_since_unscheduled,
            present_clocks.schedule_id,
            present_clocks.clock_ahead,
            present_clocks.clock_unscheduled,
            case when rebuilt.tells_messages then coalesce(comments.reply_count, 0) end as reply_count,
            case when rebuilt.tells_messages then coalesce(comments.agent_comment_count, 0) end as agent_comment_count,
            case when rebuilt.tells_messages then coalesce(comments.customer_message_count, 0) end as customer_message_count,
            case when rebuilt.tells_messages then coalesce(comments.internal_comment_count, 0) end as internal_comment_count,
            case when rebuilt.tells_messages then coalesce(comments.comment_count, 0) end as comment_count,
            case when rebuilt.tells_messages then coalesce(comments.agent_reply_count, 0) end as agent_reply_count,
            speakers.bot_reply_count,
            case when rebuilt.tells_messages then coalesce(comments.handoff_count, 0) end as handoff_count,
            case when rebuilt.tells_changes then coalesce(stations.assignee_station_count, 0) end as assignee_station_count,
            case when rebuilt.tells_changes then coalesce(stations.unique_assignee_count, 0) end as unique_assignee_count,
            case when rebuilt.tells_changes then coalesce(stations.group_station_count, 0) end as group_station_count,
            case when rebuilt.tells_changes then coalesce(stations.reassignment_count, 0) end as reassignment_count,
            case when passes.told_count > 0 then passes.agent_change_count end as agent_change_count,
            case when passes.told_count > 0 then passes.team_change_count end as team_change_count,
            case when rebuilt.tells_changes then coalesce(passes.priority_raise_count, 0) end as priority_raise_count,
            coalesce(durations.resolution_count, 0) as resolution_count,
            greatest(coalesce(durations.finish_count, 0) - 1, 0) as reopen_count,
            case when rebuilt.tells_messages then coalesce(rebuilt.is_over and comments.reply_count = 1, false) end as is_one_touch,
            case when rebuilt.tells_messages then coalesce(rebuilt.is_over and comments.reply_count = 2, false) end as is_two_touch,
            case
                when rebuilt.tells_messages then coalesce(rebuilt.is_over and comments.reply_count not in (1, 2), false)
            end as is_multi_touch,
            coalesce(rebuilt.handle_seconds, calls.handle_seconds) as handle_seconds,
            first_responses.first_response_seconds,
            first_responses.first_response_business_seconds,
            replies.total_reply_seconds,
            epoch(durations.first_solved_at - rebuilt.created_at) as first_resolution_seconds,
            epoch(durations.last_solved_at - rebuilt.created_at) as full_resolution_seconds,
            case
                when rebuilt.is_over
                then business_seconds(rebuilt.clock, rebuilt.unscheduled, durations.first_clock, durations.first_unscheduled)
            end as first_resolution_business_seconds,
            case
                when rebuilt.is_over
                then business_seconds(rebuilt.clock, rebuilt.unscheduled, durations.last_clock, durations.last_unscheduled)
            end as full_resolution_business_seconds,
            case when durations.is_told then durations.new_seconds end as new_seconds,
            case when durations.is_told then durations.open_seconds end as open_seconds,
            case when durations.is_told then durations.agent_wait_seconds end as agent_wait_seconds,
            case when durations.is_told then durations.on_hold_seconds end as on_hold_seconds,
            durations.is_told and durations.is_scheduled and present_clocks.clock_ahead is not null as tells_business,
            case when tells_business then durations.new_business_seconds end as new_business_seconds,
            case when tells_business then durations.open_business_seconds end as open_business_seconds,
            case when tells_business then durations.agent_wait_business_seconds end as agent_wait_business_seconds,
            case when tells_business then durations.on_hold_business_seconds end as on_hold_business_seconds,
            unassigned.unassigned_seconds,
            unassigned.unassigned_since_at,
            rebuilt.promise_kept_at_source,
            coalesce(wait_facts.answered_call_count, 0) as answered_call_count,
            asker_number(rebuilt.source, rebuilt.customer, rebuilt.topic) as asker_no,
            case when known_returns.known_asker_no = asker_no then known_returns.next_created_at end as next_created_at,
        from rebuilt
        left join comments using (ticket)
        left join replies using (ticket)
        left join first_responses using (ticket)
        left join durations using (ticket)
        left join stations using (ticket)
        left join passes using (ticket)
        left join speakers using (ticket)
        left join unassigned using (ticket)
        left join present_clocks using (ticket)
        left join calls using (ticket)
        left join wait_facts using (ticket)
        left join known_returns using (ticket)
    )

select * exclude (tells_business)
from combined
