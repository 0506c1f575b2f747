-- One row per satisfaction rating of a page: the answer to its first question. Who was asked and did not answer is not told.
with
    ratings as (select filename, unnest(json_extract(body, '$[*]')) as rating from pages),

    -- Seven faces, of which an account shows two, three, five or all: the happy ones are the satisfied ones of a scale of 1 to 5.
    scored as (
        select
            *,
            case
                rating ->> '$.ratings.default_question'
                when '103'
                then 5
                when '102'
                then 4.5
                when '101'
                then 4
                when '100'
                then 3
                when '-101'
                then 2
                when '-102'
                then 1.5
                when '-103'
                then 1
            end as score,
        from ratings
    )

select
    filename,
    coalesce(
        lacks(
            rating, ['id', 'survey_id', 'user_id', 'agent_id', 'group_id', 'ticket_id', 'feedback', 'ratings', 'created_at', 'updated_at']
        ),
        'ratings ' || lacks(rating -> '$.ratings', ['default_question']),
        case
            when score is null and (rating ->> '$.ratings.default_question') is not null
            then 'its rating ' || (rating ->> '$.ratings.default_question') || ' is none of 103, 102, 101, 100, -101, -102 and -103'
        end
    ) as fault,
    rating ->> '$.id' as response_id,
    rating ->> '$.survey_id' as survey,
    'csat' as kind,
    1 as scale_min,
    5 as scale_max,
    score,
    rating ->> '$.feedback' as comment,
    rating ->> '$.created_at' as sent_at,
    rating ->> '$.created_at' as answered_at,
    rating ->> '$.ticket_id' as ticket_id,
    rating ->> '$.agent_id' as agent,
    rating ->> '$.group_id' as team,
    rating ->> '$.user_id' as customer,
    rating ->> '$.updated_at' as updated_at,
from scored
