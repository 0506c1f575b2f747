"""Customers taken out of rows whose files are no longer kept: they cannot be read again without them, so they are emptied where they are.

The connection must have the macros of `warehouse.privacy`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import duckdb

from warehouse.privacy import HARMLESS_CHANGES, PSEUDONYM
from warehouse.rows import ROW_KINDS, Field, RowKind
from warehouse.sql_text import quoted

Ticket = tuple[str, str]  # source, ticket_id
_OF_GONE = "file_no in (select file_no from files where expired_at is not null)"
# Kinds of rows whose customer is the one the ticket belongs to.
_OWNING = ("ticket", "event", "call")


def are_gone(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there are files that are no longer kept."""
    return bool(connection.execute("select 1 from files where expired_at is not null limit 1").fetchall())


def tickets_of(connection: duckdb.DuckDBPyConnection, people: set[str]) -> dict[Ticket, str]:
    """The tickets of people (pseudonyms), as rows of such files say."""
    found: dict[Ticket, str] = {}
    for kind in (ROW_KINDS[name] for name in _OWNING):
        rows = connection.execute(
            f"select distinct source, ticket_id, {_pseudonym('customer')} from store.{kind.table}"
            f" where {_OF_GONE} and ticket_id is not null and {_is_theirs('customer')}",
            {"people": sorted(people)},
        ).fetchall()
        found |= {(source, ticket): person for source, ticket, person in rows}
    return found


def erase(
    connection: duckdb.DuckDBPyConnection, people: set[str], tickets: Mapping[Ticket, str | None]
) -> dict[str, Counter[str]]:
    """Empties what rows of people and of tickets may hold of a customer, and what was kept of rows that were rejected; marks what is to
    be built. Returns the rows by person and kind. One transaction; safe to repeat."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    connection.execute("begin")
    connection.execute(
        "create or replace temp table erased_tickets as"
        " select unnest($sources::varchar[]) as source, unnest($tickets::varchar[]) as ticket_id, unnest($people::varchar[]) as person",
        {
            "sources": [source for source, _ in tickets],
            "tickets": [ticket for _, ticket in tickets],
            "people": list(tickets.values()),
        },
    )
    for kind in ROW_KINDS.values():
        if kind.speaks_of_customers and kind.is_of_ticket:
            for person, count in _emptied(connection, kind, sorted(people)):
                rows[person or ""][kind.name] += count
    if rows:
        connection.execute(f"update rejected_rows set delivered = null where {_OF_GONE}")
    connection.execute("commit")
    return rows


def _emptied(connection: duckdb.DuckDBPyConnection, kind: RowKind, people: list[str]) -> list[tuple[str | None, int]]:
    """Empties the rows of a kind that still hold something; returns how many are whose."""
    personal = [field for field in kind.stored_fields() if field.personal not in (None, "refused")]
    naming = [field.name for field in personal if field.personal not in ("words", "message")]
    whose = ", ".join(f"case when {_is_theirs(name)} then {_pseudonym(name)} end" for name in naming)
    owner = f"(select any_value(person) from erased_tickets as one where (one.source, one.ticket_id) = ({kind.table}.source, {kind.table}.ticket_id))"
    full = " or ".join(f"({field.name} is not null and not {_stays(field)})" for field in personal)
    connection.execute(
        f"""
create or replace temp table theirs as
select rowid as stored_row, coalesce({whose}, {owner}) as person
from store.{kind.table}
where {_OF_GONE} and ({full}) and ({" or ".join(map(_is_theirs, naming))} or (source, ticket_id) in (select source, ticket_id from erased_tickets))""",
        {"people": people},
    )
    key = "key"
    for field in personal:
        if field.name in naming:
            key = _without(key, field)
    left = ", ".join(f"{field.name} = case when {_stays(field)} then {field.name} end" for field in personal)
    if kind.marks():
        connection.execute(
            f"insert into store.{kind.marks()} select distinct {kind.marked()} from store.{kind.table}"
            " where rowid in (select stored_row from theirs)"
        )
    connection.execute(
        f"update store.{kind.table} set key = {key}, {left} where rowid in (select stored_row from theirs)",
        {"people": people} if "$people" in key + left else None,
    )
    connection.execute(
        f"update store.{kind.table} set key_no = number_of(key) where rowid in (select stored_row from theirs)"
    )
    return connection.execute("select person, count(*) from theirs group by person").fetchall()


def _without(key: str, field: Field) -> str:
    """What tells a row apart, without a name that is part of it: as it comes out where a delivered row is emptied."""
    name = f"coalesce(case when {field.name} <> '' and not {_stays(field)} then {field.name} end, chr(0))"
    erased = f"coalesce('erased_' || keyed_hash('erased' || chr(31) || {field.name}), '')"
    return f"replace({key}, {name}, {erased})"


def _stays(field: Field) -> str:
    """Of a row of theirs: an agent's answer stays an agent's, who changed a ticket stays unless it was them, and so do values that name nobody."""
    if field.personal == "author":
        return f"coalesce(author_kind in ('agent', 'bot') or not {_is_theirs('author')}, false)"
    if field.personal == "actor":
        return f"not coalesce({_is_theirs('actor')}, false)"
    if field.personal == "change":
        return f"coalesce(list_contains(string_split({quoted(HARMLESS_CHANGES)}, ' '), field), false)"
    return "false"


def _is_theirs(name: str) -> str:
    return f"coalesce(list_contains($people, {_pseudonym(name)}), false)"


def _pseudonym(name: str) -> str:
    return f"case when regexp_full_match({name}, {quoted(PSEUDONYM)}) then {name} else pseudonym({name}) end"
