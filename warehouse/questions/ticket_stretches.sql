-- One row per stretch of ticket $ticket_id of $source in one status, in one team or with one agent (field), in order. ended_at null: it is
-- so now. A null value: in no team, with nobody. is_told false: nobody said since when it was so.
with
    ticket as (
        select source, ticket_id, created_at, status, team, agent, from store.tickets where source = $source and ticket_id = $ticket_id
    ),

    changes as (
        select
            events.field,
            events.position,
            greatest(events.happened_at, ticket.created_at) as began_at,
            events.old_value,
            events.new_value,
            events.is_inferred,
        from ticket_events as events
        inner join ticket using (source, ticket_id)
        where events.field in ('status', 'team', 'agent')
    ),

    fields as (
        select ticket.created_at, unnest(['status', 'team', 'agent']) as field, unnest([status, team, agent]) as present_value, from ticket
    ),

    -- Before the first change of a field: what it was before, or what a first row found it to be. Without any change: what it is now.
    first_changes as (
        select field, arg_min({'value':old_value, 'found':new_value, 'is_inferred':is_inferred}, position) as first_change,
        from changes
        group by field
    ),

    beginnings as (
        select
            fields.field,
            0 as position,
            fields.created_at as began_at,
            case
                when first_changes.field is null
                then fields.present_value
                when first_change.is_inferred
                then first_change.found
                else coalesce(first_change.value, case when fields.field = 'status' then 'new' end)
            end as value,
            -- A change says what was before it; a first row and a ticket without changes do not say since when.
            coalesce(not first_change.is_inferred and (first_change.value is not null or fields.field <> 'status'), false) as is_told,
        from fields
        left join first_changes using (field)
    ),

    told as (
        select *
        from beginnings
        union all by name
        select field, position, began_at, new_value as value, not is_inferred as is_told,
        from changes
    ),

    -- Of several changes at one instant the last one holds.
    lasting as (select *, from told qualify lead(began_at) over (partition by field order by position) is distinct from began_at),

    -- What was set to what it was before did not change.
    changed as (
        select *,
        from lasting
        window changes as (partition by field order by position)
        qualify row_number() over changes = 1 or value is distinct from lag(value) over changes
    )

select field, began_at, lead(began_at) over (partition by field order by position) as ended_at, value, is_told,
from changed
order by field, began_at, position
