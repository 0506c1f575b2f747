-- What the other files build on: first by name, as a macro must exist before another can use it.
-- Whether the work on a ticket of this status was done, rather than given up or taken away.
create or replace macro is_solved_status(status) as
    status in ('solved', 'closed');

comment on macro is_solved_status is
'family: rows
definition: Whether the work on a ticket of this status was done: solved or closed. Abandoned, deleted and merged tickets were not solved.
unit: true or false
clock: none
population: one status
date: none: says nothing of time
direction: neither
call: is_solved_status(status)
example: select channel, count(*) from tickets where is_solved_status(status) group by all';

create or replace macro share_of(is_true) as
    avg(is_true::integer);

comment on macro share_of is
'family: share
definition: The share of rows that are true, of those that are true or false.
unit: share 0-1
clock: none
population: rows that are decided; null is neither yes nor no
date: as the rows are chosen
direction: neither
call: share_of(is_true)
example: select channel, share_of(priority = ''urgent'') as urgent_share from tickets group by all';

-- Kaplan and Meier: durations in order, those done before those cut short at the same moment. After k of n the share undone is
-- (n - k) / n, and for each one cut short among them, at place p, (n - p + 1) / (n - p) times as high: only those have to be looked at,
-- and nothing has to be grouped. The number of durations after which more than 1 - share are still undone is found bit by bit; the next
-- one is the percentile. A mark is the duration in milliseconds, doubled, plus one where it was cut short. [x] through a lambda gives x a
-- name.
create or replace macro censored_percentile(seconds, is_done, share := 0.5) as
    list_transform(
        [list_sort(list((seconds * 1000)::bigint * 2 + (not is_done)::bigint) filter (where seconds is not null and is_done is not null))],
        lambda marks: list_transform(
            [
                list_transform(
                    list_filter(
                        list_transform(marks, lambda mark, place: case when mark % 2 = 1 then place end), lambda place: place < len(marks)
                    ),
                    lambda place: {'place': place, 'rise': (len(marks) - place + 1) / (len(marks) - place)}
                )
            ],
            lambda cuts: (marks[
                least(
                    len(marks),
                    1 + list_reduce(
                        list_transform(range(-1, 32), lambda power: case when power < 0 then 0 else 1::bigint << (31 - power) end),
                        lambda passed, step: case
                            when passed + step > len(marks) then passed
                            when (len(marks) - passed - step) / len(marks) * coalesce(
                                list_product(list_transform(list_filter(cuts, lambda cut: cut.place <= passed + step), lambda cut: cut.rise)), 1
                            ) > 1 - share + 1e-9 then passed + step
                            else passed
                        end
                    )
                )
            ] >> 1) / 1000.0
        )[1]
    )[1];

comment on macro censored_percentile is
'family: time
definition: The duration by which this share was done, durations that are still running or were cut short counted as having lasted at least so long (Kaplan-Meier). Where so many are undone that it cannot be known yet, the longest duration seen: it takes at least that long, and censored_percentile_is_known says false.
unit: seconds, to the millisecond
clock: calendar or business, as the column given
population: rows whose seconds and is_done are known
date: the date the duration began
direction: lower is better
call: censored_percentile(seconds, is_done, share := 0.5)
example: select channel, censored_percentile(waited_seconds, outcome = ''answered'', 0.9) as p90_seconds from waits group by all
source: Kaplan and Meier 1958, Journal of the American Statistical Association 53:457';

create or replace macro censored_percentile_is_known(seconds, is_done, share := 0.5) as
    list_transform(
        [list_sort(list((seconds * 1000)::bigint * 2 + (not is_done)::bigint) filter (where seconds is not null and is_done is not null))],
        -- The longest done, nothing is left; else what is left before it.
        lambda marks: case
            when marks[-1] % 2 = 0 then true
            else coalesce(
                list_product(
                    list_transform(
                        list_filter(
                            list_transform(marks, lambda mark, place: case when mark % 2 = 1 then place end), lambda place: place < len(marks)
                        ),
                        lambda place: (len(marks) - place + 1) / (len(marks) - place)
                    )
                ),
                1
            ) / len(marks) <= 1 - share + 1e-9
        end
    )[1];

comment on macro censored_percentile_is_known is
'family: time
definition: Whether so many are done that censored_percentile is known; false: it is the longest duration seen, and the true one is longer.
unit: true or false
clock: calendar or business, as the column given
population: rows whose seconds and is_done are known
date: the date the duration began
direction: neither
call: censored_percentile_is_known(seconds, is_done, share := 0.5)
example: select channel, censored_percentile_is_known(waited_seconds, outcome = ''answered'', 0.9) as p90_is_known from waits group by all
source: Kaplan and Meier 1958, Journal of the American Statistical Association 53:457';

-- Beyond the longest duration nothing is known, unless it was one that was done.
create or replace macro share_done_within(seconds, is_done, within_seconds) as
    list_transform(
        [list_sort(list((seconds * 1000)::bigint * 2 + (not is_done)::bigint) filter (where seconds is not null and is_done is not null))],
        lambda marks: case
            when marks[-1] % 2 = 0 or (marks[-1] >> 1) >= (within_seconds * 1000)::bigint then 1 - list_product(
                list_transform(
                    marks,
                    lambda mark, place: case
                        when mark % 2 = 0 and (mark >> 1) <= (within_seconds * 1000)::bigint then 1 - 1 / (len(marks) - place + 1)
                        else 1.0::double
                    end
                )
            )
        end
    )[1];

comment on macro share_done_within is
'family: time
definition: The share done within so many seconds, durations that are still running or were cut short counted as having lasted at least so long (Kaplan-Meier). Null where nobody was followed for so long.
unit: share 0-1
clock: calendar or business, as the column given
population: rows whose seconds and is_done are known
date: the date the duration began
direction: higher is better
call: share_done_within(seconds, is_done, within_seconds)
example: select channel, share_done_within(waited_seconds, outcome = ''answered'', 3600) as within_an_hour from waits group by all
source: Kaplan and Meier 1958, Journal of the American Statistical Association 53:457';
