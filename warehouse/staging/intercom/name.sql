-- One row per teammate or team of a list.
with
    listed as (
        select filename, 'agent' as of, unnest(json_extract(body, '$.admins[*]')) as named
        from pages
        union all
        select filename, 'team' as of, unnest(json_extract(body, '$.teams[*]')) as named
        from pages
    )

select filename, lacks(named, ['id', 'name']) as fault, of, named ->> '$.id' as id, named ->> '$.name' as name,
from listed
