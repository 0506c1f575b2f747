-- One row per submitted response of a page; the form stands in the same file.
with
    forms as (
        select
            filename,
            body ->> '$.id' as form_id,
            any_value(body ->> '$.title') as title,
            -- A field is known by its ref, which its maker can choose, and by its id; fields within groups, too.
            any_value(
                list_concat(
                    json_extract_string(body, '$.fields[*].ref'),
                    json_extract_string(body, '$.fields[*].id'),
                    json_extract_string(body, '$.fields[*].properties.fields[*].ref'),
                    json_extract_string(body, '$.fields[*].properties.fields[*].id'),
                    json_extract_string(body, '$.hidden[*]'),
                    json_keys(body, '$.variables')
                )
            ) as questions,
        from pages
        where json_exists(body, '$.fields')
        group by all
    ),

    responses as (
        select
            filename,
            regexp_extract(address, '/forms/([^/]+)/responses', 1) as form_id,
            unnest(json_extract(body, '$.items[*]')) as response,
        from pages
        where json_exists(body, '$.items')
    ),

    given as (
        select
            *,
            list_transform(
                json_extract(response, '$.answers[*]'),
                lambda answer: {
                    'ref':coalesce(answer ->> '$.field.ref', answer ->> '$.field.id'),
                    'id':answer ->> '$.field.id',
                    -- The value stands under the name of its type; choices say what was chosen.
                    'value':coalesce(
                        answer ->> '$.choice.label',
                        answer ->> '$.choice.other',
                        nullif(
                            array_to_string(
                                list_concat(
                                    json_extract_string(answer, '$.choices.labels[*]'),
                                    json_extract_string(answer, '$.choices.other')::varchar[]
                                ),
                                '; '
                            ),
                            ''
                        ),
                        json_extract_string(answer, '$."' || (answer ->> '$.type') || '"')
                    )
                }
            ) as answers,
        from responses
    )

select
    given.filename,
    lacks(response, ['token', 'landed_at', 'submitted_at', 'answers']) as fault,
    response ->> '$.token' as response_id,
    coalesce(forms.title, given.form_id) as survey,
    response ->> '$.landed_at' as sent_at,
    response ->> '$.submitted_at' as answered_at,
    response ->> '$.submitted_at' as updated_at,
    json_merge_patch(
        flat(
            list_transform(
                json_extract(response, '$.variables[*]'),
                lambda variable: {'key':variable ->> '$.key', 'value':coalesce(variable ->> '$.number', variable ->> '$.text')}
            )
        ),
        case when json_type(response, '$.hidden') = 'OBJECT' then response -> '$.hidden' else '{}'::json end,
        flat(list_transform(answers, lambda answer: {'key':answer.id, 'value':answer.value})),
        flat(list_transform(answers, lambda answer: {'key':answer.ref, 'value':answer.value}))
    ) as answers,
    forms.questions,
from given
left join forms using (filename, form_id)
