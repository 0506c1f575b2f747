-- One row per agent and team of a source that is known by name: what is shown for the id.
with
    newest as (
        select source, of, id, name,
        from store.name_rows
        -- Where a source's key lets one id stand under two keys, the newest row holds.
        qualify
            row_number() over (
                partition by source, of, id order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
            )
            = 1
    )

select
    source,
    of,
    id,
    case
        -- Two of one name are told apart by their ids, and a name that is somebody else's id is never taken for it.
        when
            count(*) over (partition by source, of, name) > 1
            or (name <> id and (source, of, name) in (select (source, of, id) from newest))
        then name || ' (' || id || ')'
        else name
    end as shown,
from newest
