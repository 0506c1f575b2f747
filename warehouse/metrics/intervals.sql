-- How sure a figure is. No if(): DuckDB 2.0 stores it in macros in a way that 1.5 cannot call. z is the number of standard errors either
-- side: 1.96 for 95 %.
create or replace macro wilson_low(successes, trials, z := 1.959963984540054) as
    case
        when trials > 0 and successes = 0 then 0
        when trials > 0
            then (successes + z * z / 2 - z * sqrt(successes * (trials - successes) / trials + z * z / 4)) / (trials + z * z)
    end;

comment on macro wilson_low is
'family: interval
definition: Lower end of the Wilson interval of a share: successes of trials.
unit: share 0-1
clock: none
population: the trials given; of none, null
date: as the trials are chosen
direction: neither
call: wilson_low(successes, trials, z := 1.959963984540054)
example: select channel, wilson_low(count(*) filter (where within_target), count(within_target)) as low from waits group by all
source: Wilson 1927, Journal of the American Statistical Association 22:209';

create or replace macro wilson_high(successes, trials, z := 1.959963984540054) as
    case
        when trials > 0 and successes = trials then 1
        when trials > 0
            then (successes + z * z / 2 + z * sqrt(successes * (trials - successes) / trials + z * z / 4)) / (trials + z * z)
    end;

comment on macro wilson_high is
'family: interval
definition: Upper end of the Wilson interval of a share: successes of trials.
unit: share 0-1
clock: none
population: the trials given; of none, null
date: as the trials are chosen
direction: neither
call: wilson_high(successes, trials, z := 1.959963984540054)
example: select channel, wilson_high(count(*) filter (where within_target), count(within_target)) as high from waits group by all
source: Wilson 1927, Journal of the American Statistical Association 22:209';

create or replace macro share_interval(is_true, z := 1.959963984540054) as
    {
        'share': avg(is_true::integer),
        'low': wilson_low(count(*) filter (where is_true), count(is_true), z),
        'high': wilson_high(count(*) filter (where is_true), count(is_true), z),
        'n': count(is_true)
    };

comment on macro share_interval is
'family: interval
definition: The share of rows that are true with its Wilson interval and the number it rests on: fields share, low, high and n.
unit: shares 0-1, and rows
clock: none
population: rows that are decided; of none, share, low and high are null and n is 0
date: as the rows are chosen
direction: neither
call: share_interval(is_true, z := 1.959963984540054)
example: select channel, unnest(share_interval(within_target)) from waits group by channel
source: Wilson 1927, Journal of the American Statistical Association 22:209';

create or replace macro nps_standard_error(score, scale_min, scale_max, kind) as
    100 * sqrt(
        var_pop(case when kind = 'nps' and scale_min = 0 and scale_max = 10 then (score >= 9)::integer - (score <= 6)::integer end)
        / nullif(count(case when kind = 'nps' and scale_min = 0 and scale_max = 10 then score end), 0)
    );

comment on macro nps_standard_error is
'family: interval
definition: Standard error of a net promoter score: the root of (promoters + detractors - (promoters - detractors) squared) / n, with shares.
unit: points
clock: none
population: answers of kind nps on the scale 0-10
date: sent_at of the invitation
direction: neither
call: nps_standard_error(score, scale_min, scale_max, kind)
example: select channel, nps_standard_error(score, scale_min, scale_max, kind) as standard_error from survey_responses group by all
source: variance of a difference of multinomial shares';

create or replace macro nps_margin(score, scale_min, scale_max, kind, z := 1.959963984540054) as
    z * nps_standard_error(score, scale_min, scale_max, kind);

comment on macro nps_margin is
'family: interval
definition: Margin of a net promoter score: so many points either side of it. With few answers, or answers all alike, it is too small: read n beside it.
unit: points
clock: none
population: answers of kind nps on the scale 0-10
date: sent_at of the invitation
direction: neither
call: nps_margin(score, scale_min, scale_max, kind, z := 1.959963984540054)
example: select channel, nps_margin(score, scale_min, scale_max, kind) as margin from survey_responses group by all
source: variance of a difference of multinomial shares';

create or replace macro p_chart_limits(mean_share, trials) as
    {
        'low': case when trials > 0 and mean_share is not null then greatest(0, mean_share - 3 * sqrt(mean_share * (1 - mean_share) / trials)) end,
        'high': case when trials > 0 and mean_share is not null then least(1, mean_share + 3 * sqrt(mean_share * (1 - mean_share) / trials)) end
    };

comment on macro p_chart_limits is
'family: interval
definition: Between which shares a group of so many trials lies if nothing changed: three standard errors either side of the mean share. Fields low and high.
unit: shares 0-1
clock: none
population: the groups that mean_share was worked out from
date: as the groups are chosen
direction: neither
call: p_chart_limits(mean_share, trials)
example: select began_at::date as day, share_of(within_target) as share, p_chart_limits(0.8, count(within_target)) as limits from waits group by all
source: NIST/SEMATECH e-Handbook of Statistical Methods 6.3.3.2';

-- 1.128 is the mean range of two readings in standard deviations.
create or replace macro xmr_limits(readings) as
    list_transform(
        [list_filter(readings, lambda reading: reading is not null)],
        lambda known: case
            when len(known) > 1 then list_transform(
                [3 / 1.128 * list_avg(list_transform(range(1, len(known)), lambda place: abs(known[place + 1] - known[place])))],
                lambda reach: {'centre': list_avg(known), 'low': list_avg(known) - reach, 'high': list_avg(known) + reach}
            )[1]
        end
    )[1];

comment on macro xmr_limits is
'family: interval
definition: Between which values a reading lies if nothing changed (XmR chart): the mean, and 3 / 1.128 times the mean difference of neighbours either side. Fields centre, low and high.
unit: as the readings
clock: none
population: the readings given, in order of time; of fewer than two, null
date: as the readings are chosen and ordered
direction: neither
call: xmr_limits(readings)
example: with days as (select happened_at::date as day, arrived(change) as tickets from backlog_changes group by all) select unnest(xmr_limits(list(tickets order by day))) from days
source: NIST/SEMATECH e-Handbook of Statistical Methods 6.3.2.2; Shewhart 1931';
