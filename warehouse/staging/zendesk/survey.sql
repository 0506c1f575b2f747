-- One row per ticket whose customer was asked for a rating, in a page: an offer and its answer are two ratings of the service, the later
-- one holds. Scored 0 (bad) and 1 (good), so that CSAT is the service's own: good of good and bad.
with
    ratings as (select filename, unnest(json_extract(body, '$.satisfaction_ratings[*]')) as rating from pages),

    told as (
        select
            filename,
            rating,
            lacks(rating, ['id', 'ticket_id', 'score', 'created_at', 'updated_at', 'requester_id', 'assignee_id', 'group_id']) as fault,
            case when (rating ->> '$.score') like 'good%' then '1' when (rating ->> '$.score') like 'bad%' then '0' end as score,
        from ratings
    )

select
    filename,
    fault,
    rating ->> '$.ticket_id' as response_id,
    'Satisfaction rating' as survey,
    'csat' as kind,
    '0' as scale_min,
    '1' as scale_max,
    score,
    rating ->> '$.comment' as comment,
    rating ->> '$.created_at' as sent_at,
    case when score is not null then rating ->> '$.updated_at' end as answered_at,
    rating ->> '$.ticket_id' as ticket_id,
    rating ->> '$.group_id' as team,
    rating ->> '$.assignee_id' as agent,
    rating ->> '$.requester_id' as customer,
    rating ->> '$.updated_at' as updated_at,
from told
where fault is not null or (rating ->> '$.score') <> 'unoffered'
