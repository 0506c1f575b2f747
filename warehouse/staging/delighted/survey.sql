-- One row per survey response of a page.
with responses as (select filename, unnest(json_extract(body, '$[*]')) as response from pages)

select
    filename,
    lacks(response, ['id', 'survey_type', 'score', 'comment', 'created_at', 'updated_at']) as fault,
    response ->> '$.id' as response_id,
    response ->> '$.survey_type' as kind,
    case when (response ->> '$.survey_type') = 'nps' then 0 else 1 end as scale_min,
    response ->> '$.score' as score,
    response ->> '$.comment' as comment,
    response ->> '$.created_at' as sent_at,
    response ->> '$.created_at' as answered_at,
    coalesce(response ->> '$.person.id', response ->> '$.person') as customer,
    coalesce(response ->> '$.updated_at', response ->> '$.created_at') as updated_at,
    -- Additional questions by their id, and the properties that the person was asked with.
    json_merge_patch(
        flat(
            list_transform(
                json_extract(response, '$.additional_answers[*]'),
                lambda answer: {
                    'key':answer ->> '$.question.id',
                    'value':coalesce(
                        answer ->> '$.value.free_response',
                        answer ->> '$.value.scale',
                        answer ->> '$.value.select_one.text',
                        array_to_string(json_extract_string(answer, '$.value.select_many[*].text'), '; ')
                    )
                }
            )
        ),
        case when json_type(response, '$.person_properties') = 'OBJECT' then response -> '$.person_properties' else '{}'::json end
    ) as answers,
from responses
