"""What a visitor may see of agents: those of their own teams by name, all others in sum. Guarded in the query.

A scoped visitor's questions run on views that stand before the published ones under the same names, in a database in memory of
their own: so every question, metric and download is guarded, also those that are yet to be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import duckdb

from warehouse.connection import reader, version_path
from warehouse.sql_text import identifier, quoted

# What stands for agents whom a visitor does not see by name, where their team is known and where it is not.
IN_SUM = "Agents of "
SOMEBODY = "Somebody else"
PUBLISHED = "published"
# Notes are about one person, so those about others are not there at all.
ABOUT_ONE_AGENT = ("agent_notes", "note_rows")
# What ids stand for: those of teams may be known.
OF_AGENTS_AND_TEAMS = ("name_rows", "names_shown")


@dataclass(frozen=True)
class Scope:
    """Whose agents are known by name: everybody's, or those of `teams` (of none: nobody's)."""

    teams: tuple[str, ...] | None = None

    @property
    def is_everything(self) -> bool:
        return self.teams is None

    def is_in_sum(self, name: object) -> bool:
        """Whether a name stands for several agents together."""
        return not self.is_everything and isinstance(name, str) and (name == SOMEBODY or name.startswith(IN_SUM))


EVERYTHING = Scope()

_SHOWN_AGENTS = f"""
create table {{database}}.main.shown_agents as
with homes as (
    select source, agent, max_by(team, last_seen_at) as team,
    from {PUBLISHED}.main.agents
    where agent is not null
    group by source, agent
)

select
    source,
    agent,
    team,
    coalesce(list_contains($teams, team), false) as is_shown,
    case when list_contains($teams, team) then agent else coalesce({quoted(IN_SUM)} || team, {quoted(SOMEBODY)}) end as shown,
from homes"""

_RELATIONS = """
select schema_name, table_name, list(column_name order by column_index)
from duckdb_columns()
where database_name = $published and not internal
group by schema_name, table_name"""


class ScopedVersion:
    """One published version as scoped visitors see it: a database in memory for each scope, over the file opened read-only."""

    def __init__(self, folder: Path, version: int) -> None:
        self._connection = reader(folder)
        self._connection.execute(f"attach {quoted(str(version_path(folder, version)))} as {PUBLISHED} (read_only)")
        self._salt = token_hex(16)
        self._databases: dict[Scope, str] = {}

    def cursor(self, scope: Scope) -> duckdb.DuckDBPyConnection:
        """A cursor on which every name means what this scope may see."""
        if scope not in self._databases:
            self._databases[scope] = self._make(f"scope_{len(self._databases) + 1}", scope)
        cursor = self._connection.cursor()
        cursor.execute(f"set search_path = '{self._databases[scope]}.main,{PUBLISHED}.main'")
        return cursor

    def _make(self, database: str, scope: Scope) -> str:
        connection = self._connection
        connection.execute(f"attach ':memory:' as {database}; create schema {database}.store")
        connection.execute(_SHOWN_AGENTS.format(database=database), {"teams": list(scope.teams or ())})
        for schema, name, columns in connection.execute(_RELATIONS, {"published": PUBLISHED}).fetchall():
            select = _guarded(f"{PUBLISHED}.{schema}.{identifier(name)}", name, columns, database, self._salt)
            connection.execute(f"create view {database}.{schema}.{identifier(name)} as {select}")
        return database


def _guarded(relation: str, name: str, columns: list[str], database: str, salt: str) -> str:
    """The select of a table or view of the file with people named as the scope has them."""
    if name in ABOUT_ONE_AGENT:
        return f"from {relation} where agent in (select agent from {database}.main.shown_agents where is_shown)"
    if name in OF_AGENTS_AND_TEAMS:
        return f"from {relation} where of = 'team'"
    values = {column: value for column in columns if (value := _value(column, columns, salt))}
    if not values:
        return f"from {relation}"
    named = " ".join(values.values())
    joins = " ".join(
        f"left join {database}.main.shown_agents as of_{column}"
        f" on of_{column}.source = row_of.source and of_{column}.agent = row_of.{column}"
        for column in columns
        if f"of_{column}." in named
    )
    replaced = ", ".join(f"{value} as {column}" for column, value in values.items())
    return f"select row_of.* replace ({replaced}) from {relation} as row_of {joins}"


def _value(column: str, columns: list[str], salt: str) -> str | None:
    """What stands in a column that may name an agent; None for other columns."""
    own = f"row_of.{column}"
    code = f"left(md5({quoted(salt)} || row_of.ticket_id || {own}), 6)"
    somebody = f"case when {own} is not null then {quoted(SOMEBODY)} end"
    match column:
        case "agent":
            return f"coalesce(of_agent.shown, {somebody})"
        case "actor":
            return f"coalesce(of_actor.shown, {somebody})"
        case "author" if "author_kind" in columns:
            return f"coalesce(of_author.shown, case when author_kind in ('customer', 'bot') then {own} else {somebody} end)"
        case "answered_by":
            # Counted, never shown: a code keeps agents of one team apart.
            return f"case when of_answered_by.is_shown then {own} else md5({quoted(salt)} || {own}) end"
        case "supervisor" | "manager":
            return f"case when of_agent.is_shown then {own} end"
        case "old_value" | "new_value":
            # From one agent of a team to another is a change: a code of the ticket keeps them apart.
            other = f"'Agent ' || {code} || coalesce(' of ' || of_{column}.team, '')"
            return (
                f"case when row_of.field <> 'agent' or of_{column}.is_shown or {own} = '' then {own} else {other} end"
            )
        case "delivered":
            return "null::varchar"
    return None
