"""Numbers made of ids: rows are found by them, as a scan of small numbers is several times cheaper than one of texts.

An id that is a number, or ends in one after letters, gives that number: such ids are handed out in order, so rows that lie together
have numbers that are near. Any other id gives a hash. Different ids may have one number: who looks by number takes all of them, or
compares the ids of what was found.
"""

from __future__ import annotations

import duckdb

_DIGITS = "regexp_extract(id, '^[A-Za-z#_ -]*([0-9]{1,18})$', 1)"
_MACRO = f"""
create or replace temp macro number_of(id) as
    (case when {_DIGITS} <> '' then {_DIGITS}::ubigint else hash(id) end % 4294967296)::uinteger"""
_ASKER = """
create or replace temp macro asker_number(source, customer, topic) as
    case when customer is not null then hash(source, customer, topic) end"""
_MADE_OF = {"key_no": "key", "ticket_no": "ticket_id"}
# Tables with numbers, and with the ids that they are made of.
_NUMBERED = """
select numbered.schema_name || '.' || numbered.table_name, numbered.column_name
from duckdb_columns() as numbered
inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
inner join duckdb_columns() as ids using (database_name, schema_name, table_name)
where
    database_name = current_database()
    and (numbered.column_name, ids.column_name) in (('key_no', 'key'), ('ticket_no', 'ticket_id'))
order by all"""
_MEMORY = "numbers of ids"
# Whether a number stands for one ticket of its source alone (`unique`), or two were seen to have the same one (`shared`).
_TICKETS = "numbers of tickets"
_SHARE = "select 1 from {tickets} group by source, ticket_no having count(*) > 1"


def set_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives the connection number_of(id) and asker_number(source, customer, topic), and all rows their numbers, where they have none or DuckDB hashes otherwise now."""
    connection.execute(_MACRO)
    connection.execute(_ASKER)
    known = dict(connection.execute("select name, value from store.memory").fetchall())
    row = connection.execute("select number_of('a-b')::varchar").fetchone()
    assert row
    if known.get(_MEMORY) == row[0] and _TICKETS in known:
        return
    connection.execute("begin")
    if known.get(_MEMORY) != row[0]:
        for table, column in connection.execute(_NUMBERED).fetchall():
            connection.execute(f"update {table} set {column} = number_of({_MADE_OF[column]})")
        connection.execute("update store.tickets set asker_no = asker_number(source, customer, topic)")
    is_shared = connection.execute(_SHARE.format(tickets="store.tickets") + " limit 1").fetchone()
    connection.execute("delete from store.memory where list_contains($names, name)", {"names": [_MEMORY, _TICKETS]})
    connection.executemany(
        "insert into store.memory values (?, ?)",
        [(_MEMORY, row[0]), (_TICKETS, "shared" if is_shared else "unique")],
    )
    connection.execute("commit")


def note_shared(connection: duckdb.DuckDBPyConnection) -> None:
    """Remembers where two of the tickets that are built (temp table touched) have one number; those that have are built together."""
    connection.execute(
        f"update store.memory set value = 'shared' where name = $name and value = 'unique' and exists ({_SHARE.format(tickets='touched')})",
        {"name": _TICKETS},
    )
