-- One row per agent or team of a list. Agents and contacts are numbered apart: one number may be both.
with
    listed as (
        select filename, case endpoint when 'teams' then 'team' else 'agent' end as of, unnest(json_extract(body, '$[*]')) as named
        from pages
    )

select
    filename,
    lacks(named, ['id', 'name']) as fault,
    of,
    case of when 'agent' then 'agent-' else '' end || (named ->> '$.id') as id,
    named ->> '$.name' as name,
from listed
