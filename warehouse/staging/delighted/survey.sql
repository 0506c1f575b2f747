-- One row per survey response of a page.
with responses as (select filename, unnest(json_extract(body, '$[*]')) as response from pages)

select
    filename,
    lacks(response, ['id', 'survey_type', 'score', 'created_at', 'updated_at']) as fault,
    response ->> '$.id' as response_id,
    response ->> '$.survey_type' as kind,
    case when response ->> '$.survey_type' = 'nps' then 0 else 1 end as scale_min,
    response ->> '$.score' as score,
    response ->> '$.comment' as comment,
    response ->> '$.created_at' as sent_at,
    response ->> '$.created_at' as answered_at,
    coalesce(response ->> '$.person.id', response ->> '$.person') as customer,
    response ->> '$.updated_at' as updated_at,
    response -> '$.person_properties' as answers,
from responses
