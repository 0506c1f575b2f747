-- One row per exported response; what is asked in a survey stands in the same file, as the answer about the survey.
with
    surveys as (
        select
            filename,
            body ->> '$.result.id' as survey_id,
            any_value(body ->> '$.result.name') as name,
            -- An answer's key is that of its question, with what part of it is meant: QID5_TEXT, QID7_1.
            any_value(
                list_concat(json_keys(body, '$.result.questions'), json_extract_string(body, '$.result.embeddedData[*].name'))
            ) as questions,
        from pages
        where json_exists(body, '$.result')
        group by all
    ),

    responses as (
        select
            filename,
            regexp_extract(address, '/surveys/([^/]+)/', 1) as survey_id,
            unnest(json_extract(body, '$.responses[*]')) as response,
        from pages
        where json_exists(body, '$.responses')
    ),

    read as (
        select
            *,
            response -> '$.values' as answered,
            response -> '$.labels' as labels,
            -- 1 preview, 2 test, 4 imported, 8 spam, 16 offline, 32 of employees: they add up.
            try_cast(response ->> '$.values.status' as integer) as status,
        from responses
    )

select
    read.filename,
    coalesce(
        lacks(response, ['responseId', 'values']),
        lacks(answered, ['startDate', 'endDate', 'recordedDate', 'status', 'finished']),
        case
            when status & 1 <> 0
            then 'is a preview of the survey, not an answer'
            when status & 2 <> 0
            then 'is a test of the survey, not an answer'
            when status & 8 <> 0
            then 'is marked as spam'
        end
    ) as fault,
    response ->> '$.responseId' as response_id,
    coalesce(surveys.name, read.survey_id) as survey,
    answered ->> '$.startDate' as sent_at,
    answered ->> '$.endDate' as answered_at,
    coalesce(nullif(answered ->> '$.externalDataReference', ''), nullif(answered ->> '$.recipientEmail', '')) as customer,
    coalesce(answered ->> '$._lastModifiedDate', answered ->> '$.lastModifiedDate', answered ->> '$.recordedDate') as updated_at,
    -- QID1 is the code of a choice, QID1.label what was chosen.
    json_merge_patch(
        flat(list_transform(map_entries(labels::map(varchar, varchar)), lambda entry: {'key':entry.key || '.label', 'value':entry.value})),
        answered
    ) as answers,
    surveys.questions,
from read
left join surveys using (filename, survey_id)
