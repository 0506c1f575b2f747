-- Scores of surveys. Scale and kind are columns of the answers, so that no two scales are mixed unseen; formulas are settings with a
-- stated default.
create or replace macro csat(score, scale_min, scale_max, kind, satisfied_from := null) as
    share_of(case when kind = 'csat' then score >= coalesce(satisfied_from, scale_min + (scale_max - scale_min) * 3 / 4) end);

comment on macro csat is
'family: score
definition: The share of satisfied answers (CSAT): those at least three quarters up their scale, which is 4 and 5 of 1-5, 6 and 7 of 1-7, 8 to 10 of 0-10, and yes of 0-1. Give satisfied_from where a survey counts otherwise; a column will do.
unit: share 0-1
clock: none
population: answers of kind csat; invitations without an answer are not in it
date: sent_at of the invitation
direction: higher is better
call: csat(score, scale_min, scale_max, kind, satisfied_from := null)
example: select channel, csat(score, scale_min, scale_max, kind) as csat, answers(score, kind, ''csat'') as n from survey_responses group by all';

create or replace macro nps(score, scale_min, scale_max, kind) as
    100 * avg(
        case
            when kind = 'nps' and scale_min = 0 and scale_max = 10 then (score >= 9)::integer - (score <= 6)::integer
        end
    );

comment on macro nps is
'family: score
definition: Net promoter score: share of promoters (9, 10) less share of detractors (0 to 6), in points.
unit: points, -100 to 100
clock: none
population: answers of kind nps on the scale 0-10, for which alone the formula is made; others are left out
date: sent_at of the invitation
direction: higher is better
call: nps(score, scale_min, scale_max, kind)
example: select channel, nps(score, scale_min, scale_max, kind) as nps, nps_margin(score, scale_min, scale_max, kind) as margin from survey_responses group by all
source: Reichheld 2003, Harvard Business Review 81(12):46';

create or replace macro ces(score, scale_min, scale_max, kind, easy_from := null) as
    share_of(case when kind = 'ces' then score >= coalesce(easy_from, scale_min + (scale_max - scale_min) * 2 / 3) end);

comment on macro ces is
'family: score
definition: The share of customers who found it easy (CES): answers at least two thirds up their scale, which is 5 to 7 of 1-7 and 4 and 5 of 1-5. For statements such as "they made it easy", where high is good. Give easy_from where a survey counts otherwise.
unit: share 0-1
clock: none
population: answers of kind ces
date: sent_at of the invitation
direction: higher is better
call: ces(score, scale_min, scale_max, kind, easy_from := null)
example: select survey, ces(score, scale_min, scale_max, kind) as ces from survey_responses group by all
source: Dixon, Freeman and Toman 2010, Harvard Business Review 88(7):116; there are at least four formulas: this is the share who agree';

create or replace macro ces_net(score, scale_min, scale_max, kind) as
    100 * avg(
        case
            when kind = 'ces' then
                (score >= scale_min + (scale_max - scale_min) * 5 / 6)::integer - (score <= scale_min + (scale_max - scale_min) / 3)::integer
        end
    );

comment on macro ces_net is
'family: score
definition: Net easy: share of answers in the top sixth of their scale less share in the bottom third, in points; on 1-7 the share of 6 and 7 less that of 1 to 3.
unit: points, -100 to 100
clock: none
population: answers of kind ces
date: sent_at of the invitation
direction: higher is better
call: ces_net(score, scale_min, scale_max, kind)
example: select survey, ces_net(score, scale_min, scale_max, kind) as ces from survey_responses group by all';

create or replace macro score_mean(score, scale_min, scale_max) as
    case
        when min(scale_min) filter (where score is not null) = max(scale_min) filter (where score is not null)
            and min(scale_max) filter (where score is not null) = max(scale_max) filter (where score is not null)
            then avg(score)
    end;

comment on macro score_mean is
'family: score
definition: Mean score as given. Null where answers are on different scales, as such a mean says nothing: group by survey, or take score_level.
unit: points of the scale
clock: none
population: answers, all on one scale; invitations without an answer are not zero
date: sent_at of the invitation
direction: higher is better
call: score_mean(score, scale_min, scale_max)
example: select survey, score_mean(score, scale_min, scale_max) as mean, any_value(scale_max) as best from survey_responses group by all';

create or replace macro score_level(score, scale_min, scale_max) as
    avg((score - scale_min) / nullif(scale_max - scale_min, 0));

comment on macro score_level is
'family: score
definition: Mean place of the answers on their scale, 0 the lowest answer possible and 1 the highest: a mean over surveys with different scales.
unit: share 0-1
clock: none
population: answers; invitations without an answer are not zero
date: sent_at of the invitation
direction: higher is better
call: score_level(score, scale_min, scale_max)
example: select channel, score_level(score, scale_min, scale_max) as level from survey_responses group by all';

create or replace macro answers(score, kind, asked_kind) as
    count(case when kind = asked_kind then score end);

comment on macro answers is
'family: score
definition: How many answers a score rests on (n).
unit: answers
clock: none
population: answers of the kind asked for; none are 0
date: sent_at of the invitation
direction: neither
call: answers(score, kind, asked_kind)
example: select channel, answers(score, kind, ''nps'') as n from survey_responses group by all';
