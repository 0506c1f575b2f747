-- One row per agent and per group of a page.
with
    people as (select filename, unnest(json_extract(body, '$.users[*]')) as person from pages),

    groups as (select filename, unnest(json_extract(body, '$.groups[*]')) as team from pages)

select
    filename,
    lacks(person, ['id', 'name', 'role', 'updated_at']) as fault,
    'agent' as "of",
    person ->> '$.id' as id,
    person ->> '$.name' as name,
    person ->> '$.updated_at' as updated_at,
from people
where coalesce(person ->> '$.role', 'agent') in ('agent', 'admin')
union all by name
select
    filename,
    lacks(team, ['id', 'name', 'updated_at']) as fault,
    'team' as "of",
    team ->> '$.id' as id,
    team ->> '$.name' as name,
    team ->> '$.updated_at' as updated_at,
from groups
