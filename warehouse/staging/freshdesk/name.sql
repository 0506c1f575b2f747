-- One row per agent or group of a page.
with named as (select filename, endpoint, unnest(json_extract(body, '$[*]')) as named from pages)

select
    filename,
    case
        when endpoint = 'agents'
        then coalesce(lacks(named, ['id', 'updated_at', 'contact']), 'contact ' || lacks(named -> '$.contact', ['name', 'updated_at']))
        else lacks(named, ['id', 'name', 'updated_at'])
    end as fault,
    case endpoint when 'agents' then 'agent' else 'team' end as "of",
    named ->> '$.id' as id,
    coalesce(named ->> '$.contact.name', named ->> '$.name') as name,
    -- An agent's name changes with the contact that they are.
    greatest(coalesce(named ->> '$.contact.updated_at', named ->> '$.updated_at'), named ->> '$.updated_at') as updated_at,
from named
