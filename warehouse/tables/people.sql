-- Customers who were asked, agents, teams, and the channels they meet on.
create table if not exists survey_responses (
    source varchar,
    response_id varchar,
    survey varchar,
    kind varchar,
    scale_min double,
    scale_max double,
    score double,
    comment varchar,
    sent_at timestamp,
    answered_at timestamp,
    ticket_id varchar,
    customer varchar,
    channel varchar,
    team varchar,
    agent varchar,
    topic varchar,
    weight double,
);
comment on table survey_responses is 'One row per survey invitation, answered or not: the unanswered ones are the response rate.
example: select channel, count(score) as answers, count(*) as asked, response_rate(answered_at) as response_rate from survey_responses group by all';
comment on column survey_responses.source is 'Source it comes from: join on source and response_id, and on source and ticket_id.';
comment on column survey_responses.response_id is 'The invitation, by its source''s own id.';
comment on column survey_responses.survey is 'Name of the survey it belongs to; null: not said.';
comment on column survey_responses.kind is 'csat, nps or ces.';
comment on column survey_responses.scale_min is 'Lowest score that could be given: usually 1, for nps 0.';
comment on column survey_responses.scale_max is 'Highest score that could be given: usually 5, for nps 10, for ces 7.';
comment on column survey_responses.score is 'As given, on the scale scale_min to scale_max; null: not answered.';
comment on column survey_responses.comment is 'What the customer wrote; null: nothing, or not kept.';
comment on column survey_responses.sent_at is 'When the customer was asked (UTC): the response rate counts by it.';
comment on column survey_responses.answered_at is 'When the customer answered (UTC), or was asked, where the source does not say; null: not answered.';
comment on column survey_responses.ticket_id is 'The ticket it is about: joins tickets on source and ticket_id; null: none in particular.';
comment on column survey_responses.customer is 'Who was asked: else the ticket''s customer; null: neither says.';
comment on column survey_responses.channel is 'The channel it is about: else the ticket''s; null: neither says.';
comment on column survey_responses.team is 'The team it is about: else the ticket''s present one; null: neither says.';
comment on column survey_responses.agent is 'The agent it is about: else the ticket''s present one; null: neither says.';
comment on column survey_responses.topic is 'The topic it is about: else the ticket''s; null: neither says.';
comment on column survey_responses.weight is 'Weight of the answer in its survey''s design; null: not weighted.';

create table if not exists agents (
    source varchar,
    agent varchar,
    team varchar,
    supervisor varchar,
    manager varchar,
    first_seen_at timestamp,
    last_seen_at timestamp,
);
comment on table agents is 'One row per agent of a source: everyone who holds a ticket or answered a customer.
example: select team, count(*) as agents from agents group by team order by team';
comment on column agents.source is 'Source that names them: the same agent in two sources is two rows.';
comment on column agents.agent is 'Name or id, as in tickets.agent and waits.agent of that source.';
comment on column agents.team is 'Team of the newest ticket they hold, else of the newest wait they answered; null: none is named.';
comment on column agents.supervisor is 'Supervisor of the agent on the newest ticket that names one; null: none does.';
comment on column agents.manager is 'Manager of that supervisor on the newest ticket that names one; null: none does.';
comment on column agents.first_seen_at is 'Creation of the first ticket they hold, or their first answer, whichever is earlier (UTC).';
comment on column agents.last_seen_at is 'Creation of the last ticket they hold, or their last answer, whichever is later (UTC).';

create table if not exists store.sightings (
    source varchar,
    agent varchar,
    way varchar,
    first_at timestamp,
    last_at timestamp,
    last_ticket varchar,
    last_turn bigint,
    name varchar,
);
comment on table store.sightings is 'One row per agent x way of being seen: first and last. Table agents is made of it.
example: select way, count(*) as agents from store.sightings group by way';
comment on column store.sightings.source is 'Source that names the agent.';
comment on column store.sightings.agent is 'The agent, as in tickets.agent and waits.agent of that source.';
comment on column store.sightings.way is 'held (a ticket), team held, supervisor, manager (a ticket that names one), answered (a wait), team answered (a wait that names one).';
comment on column store.sightings.first_at is 'Creation of the first such ticket, or end of the first such wait (UTC).';
comment on column store.sightings.last_at is 'Creation of the last such ticket, or end of the last such wait (UTC).';
comment on column store.sightings.last_ticket is 'That last ticket, or the ticket of that wait.';
comment on column store.sightings.last_turn is 'The turn of that wait; 0: it is a ticket.';
comment on column store.sightings.name is 'The team, supervisor or manager that it names; null: it is about none.';

create table if not exists store.team_tickets (source varchar, team varchar, agent varchar, tickets bigint);
comment on table store.team_tickets is 'One row per team x agent that holds tickets. Table teams is made of it.
example: select team, count(distinct agent) as agents, sum(tickets) as tickets from store.team_tickets group by team';
comment on column store.team_tickets.source is 'Source that names the team.';
comment on column store.team_tickets.team is 'The team, as in tickets.team.';
comment on column store.team_tickets.agent is 'Who of it holds them; null: nobody.';
comment on column store.team_tickets.tickets is 'How many, solved ones too.';

create table if not exists teams (source varchar, team varchar, agents bigint, tickets bigint);
comment on table teams is 'One row per team of a source that holds a ticket.
example: select team, tickets, agents from teams order by tickets desc';
comment on column teams.source is 'Source that names it: the same team in two sources is two rows.';
comment on column teams.team is 'Its name, as in tickets.team of that source.';
comment on column teams.agents is 'Different agents who hold tickets of the team.';
comment on column teams.tickets is 'Tickets the team holds now, solved ones too.';

create table if not exists channels (channel varchar, label varchar, position integer);
comment on table channels is 'One row per channel that the pages know: its name on screen and its order. A channel that is not here keeps its delivered name and comes last.
example: select channels.label, count(tickets.ticket_id) as tickets from channels left join tickets using (channel) group by channels.label, channels.position order by channels.position';
comment on column channels.channel is 'As in tickets.channel: email, chat, phone, social, web, in_person or self_service.';
comment on column channels.label is 'Its name on screen.';
comment on column channels.position is 'Its place in lists and charts, from 1.';
