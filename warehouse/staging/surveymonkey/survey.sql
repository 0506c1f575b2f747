-- One row per response of a page; what is asked, and what choices mean, stands in the same file.
with
    surveys as (
        select filename, body ->> '$.id' as survey_id, body ->> '$.title' as title, body, from pages where json_exists(body, '$.pages')
    ),

    choices as (
        select filename, choice ->> '$.id' as choice_id, any_value(choice ->> '$.text') as text, any_value(choice ->> '$.weight') as weight,
        from (select filename, unnest(json_extract(body, '$.pages[*].questions[*].answers.choices[*]')) as choice, from surveys)
        group by all
    ),

    asked as (
        select
            filename,
            survey_id,
            any_value(title) as title,
            any_value(
                list_concat(json_extract_string(body, '$.pages[*].questions[*].id'), json_keys(body, '$.custom_variables'))
            ) as questions,
        from surveys
        group by all
    ),

    responses as (select filename, unnest(json_extract(body, '$.data[*]')) as response, from pages where json_exists(body, '$.data')),

    questions as (
        select filename, response ->> '$.id' as response_id, unnest(json_extract(response, '$.pages[*].questions[*]')) as question,
        from responses
    ),

    answers as (
        select filename, response_id, question ->> '$.id' as question_id, unnest(json_extract(question, '$.answers[*]')) as answer,
        from questions
    ),

    -- What was written, else chosen. A row of a grid is a question of its own: 769893650.10001.
    valued as (
        select
            answers.filename,
            response_id,
            question_id,
            answer ->> '$.row_id' as row_id,
            answer ->> '$.choice_id' as choice_id,
            answer ->> '$.other_id' as other_id,
            coalesce(answer ->> '$.choice_metadata.weight', choices.weight) as weight,
            coalesce(nullif(answer ->> '$.text', ''), nullif(choices.text, ''), weight, choice_id) as value,
        from answers
        left join choices on choices.filename = answers.filename and choices.choice_id = (answer ->> '$.choice_id')
    ),

    of_questions as (
        select
            filename,
            response_id,
            question_id as name,
            string_agg(value, '; ' order by choice_id, value) as value,
            case when count(*) = 1 then any_value(weight) end as weight,
            string_agg(choice_id, '; ' order by choice_id) as choice_id,
        from valued
        where other_id is null
        group by all
        having count(distinct row_id) <= 1
    ),

    of_rows as (
        select
            filename,
            response_id,
            question_id || '.' || row_id as name,
            string_agg(value, '; ' order by choice_id, value) as value,
            case when count(*) = 1 then any_value(weight) end as weight,
            string_agg(choice_id, '; ' order by choice_id) as choice_id,
        from valued
        where other_id is null and row_id is not null
        group by all
    ),

    both_of_them as (
        from of_questions
        union all by name
        from of_rows
    ),

    named as (
        select filename, response_id, name, value,
        from both_of_them
        union all by name
        select filename, response_id, name || '.weight' as name, weight as value,
        from both_of_them
        where weight is not null
        union all by name
        select filename, response_id, name || '.choice' as name, choice_id as value,
        from both_of_them
        where choice_id is not null
        union all by name
        select filename, response_id, question_id || '.other' as name, max(value) as value,
        from valued
        where other_id is not null
        group by all
    ),

    flattened as (select filename, response_id, flat(list({'key':name, 'value':value} order by name)) as answers, from named group by all)

select
    responses.filename,
    coalesce(
        lacks(response, ['id', 'survey_id', 'response_status', 'collection_mode', 'date_created', 'date_modified', 'pages']),
        case when (response ->> '$.collection_mode') = 'preview' then 'is a preview of the survey, not an answer' end
    ) as fault,
    response ->> '$.id' as response_id,
    coalesce(asked.title, response ->> '$.survey_id') as survey,
    response ->> '$.date_created' as sent_at,
    response ->> '$.date_modified' as answered_at,
    response ->> '$.date_modified' as updated_at,
    coalesce(
        nullif(response ->> '$.custom_value', ''), nullif(response ->> '$.recipient_id', ''), nullif(response ->> '$.email_address', '')
    ) as customer,
    json_merge_patch(
        coalesce(flattened.answers, '{}'::json),
        case when json_type(response, '$.custom_variables') = 'OBJECT' then response -> '$.custom_variables' else '{}'::json end
    ) as answers,
    asked.questions,
from responses
left join flattened on flattened.filename = responses.filename and flattened.response_id = (response ->> '$.id')
left join asked on asked.filename = responses.filename and asked.survey_id = (response ->> '$.survey_id')
