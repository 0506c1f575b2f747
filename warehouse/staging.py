"""From delivered text to typed rows: rename, cast, reject. Builds the SQL for one source's mapping.

Every row comes out: with its fields, or with a `reason` and the row as delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warehouse.connection import read_sql
from warehouse.rows import SQL_TYPES, Field, RowKind
from warehouse.settings import Column, Source, When

ISO_FORM = "a date such as 2026-01-31T10:30:00"
# What no export of a help desk speaks of is a misread or mistyped date.
FIRST_YEAR, LAST_YEAR = 1900, 2199


@dataclass(frozen=True)
class Delivered:
    """How the rows of a set of files of one shape are read.

    `scan` is a table function call with a `filename` column; `access` gives the SQL of a delivered column;
    `whole_row` is the SQL of a row as delivered, `as_text` writes it out (for rejected rows alone), `fault` is that
    of what makes it unreadable.
    """

    scan: str
    access: Callable[[str], str]
    whole_row: str
    as_text: Callable[[str], str]
    fault: str = "null::varchar"
    file_column: str = "filename"


# A date, a time of day if any, an offset if any.
ISO_PATTERN = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?"


def quoted(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


# Between the parts of a key: a character that no part holds.
SEPARATOR = "chr(31)"


def text_list(values: list[str]) -> str:
    return "[" + ", ".join(quoted(value) for value in values) + "]"


class Staging:
    """The staging query of one source; `date_formats` holds formats found out for fields whose mapping names none."""

    def __init__(self, source: Source, time_zone: str, date_formats: dict[str, list[str]] | None = None) -> None:
        self.source = source
        self.kind: RowKind = source.row_kind
        self.time_zone = source.time_zone or time_zone
        self.found_formats = date_formats or {}

    def query(self, delivered: Delivered) -> str:
        """Select of filename, key, version_at, row_hash, exported_at, latest_at, reason, delivered and every field."""
        fields = self.kind.fields
        texts = ",\n        ".join(
            f"{self._text(field, delivered.access)} as {identifier(field.name)}" for field in fields
        )
        values = ",\n        ".join(f"{self._value(field)} as {identifier(field.name)}" for field in fields)
        shifted = self._next_day_columns()
        return f"""
with delivered as (select * from {delivered.scan}),
texts as (
    select
        {delivered.file_column} as filename,
        {texts},
        coalesce({delivered.fault}, {self._unwanted(delivered.access)}) as unwanted,
        {self._key(delivered.access)} as delivered_key,
        {delivered.whole_row} as whole_row,
    from delivered
),
cast_values as (
    select
        filename,
        delivered_key,
        {values},
        {self._reason()} as reason,
        whole_row,
    from texts
),
typed as (select *{f" replace ({shifted})" if shifted else ""} from cast_values),
ruled as ({read_sql(f"staging/{self.kind.name}")}),
keyed as (
    select
        * exclude (delivered_key, whole_row, reason),
        {self._final_key()} as key,
        updated_at as version_at,
        hash({self._hashed()}) as row_hash,
        greatest({", ".join(self._instants())}) as latest_at,
        reason,
        case when reason is not null then {delivered.as_text("whole_row")} end as delivered,
    from ruled
)
select * from keyed"""

    def _text(self, field: Field, access: Callable[[str], str]) -> str:
        """The field's text as delivered: the first origin that is not empty, null markers taken out, values mapped."""
        if field.name in self.source.constants:
            return f"nullif({quoted(_constant(self.source.constants[field.name]))}, '')"
        origins = [self._origin(column, access) for column in self._origins(field)]
        text = (
            "null::varchar" if not origins else origins[0] if len(origins) == 1 else f"coalesce({', '.join(origins)})"
        )
        mapping = self.source.values.get(field.name)
        if not mapping:
            return text
        cases = " ".join(
            f"when {quoted(theirs.strip().lower())} then {quoted(ours)}" for theirs, ours in mapping.items()
        )
        return f"nullif(case lower({text}) {cases} else {text} end, '')"

    def _origins(self, field: Field) -> list[Column]:
        """Where the field comes from; fields of the same name as a delivered column need no mapping."""
        return self.source.columns.get(field.name, [])

    def _origin(self, column: Column, access: Callable[[str], str]) -> str:
        nulls = sorted({"", *self.source.nulls, *column.nulls})
        parts = [f"nullif(trim({access(name)}), '')" for name in (column.join or [column.column or ""])]
        cleaned = [f"case when not list_contains({text_list(nulls)}, {part}) then {part} end" for part in parts]
        text = cleaned[0] if len(cleaned) == 1 else "(" + f" || {quoted(column.separator)} || ".join(cleaned) + ")"
        if column.prefix:
            text = f"{quoted(column.prefix)} || {text}"
        conditions = [_holds(rule, access) for rule in (column.when,) if rule]
        conditions += [f"not coalesce({_holds(rule, access)}, false)" for rule in (column.unless,) if rule]
        return f"case when {' and '.join(conditions)} then {text} end" if conditions else text

    def _value(self, field: Field) -> str:
        text = f"texts.{identifier(field.name)}"
        if field.type == "instant":
            return self._instant(text, self.formats(field.name))
        if field.type == "date":
            return (
                f"({self._instant(text, self.formats(field.name))})::date"
                if self.formats(field.name)
                else f"try_cast({text} as date)"
            )
        if field.type == "boolean":
            truths, lies = text_list(["true", "t", "yes", "y", "1"]), text_list(["false", "f", "no", "n", "0"])
            return f"case when list_contains({truths}, lower({text})) then true when list_contains({lies}, lower({text})) then false end"
        if field.type == "number":
            return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"
        if field.type == "integer":
            return (
                f"case when try_cast({text} as double) = try_cast({text} as bigint) then try_cast({text} as bigint) end"
            )
        return text

    def formats(self, field: str) -> list[str]:
        """The date formats of a field: its column's, else the source's, else found ones; none means ISO 8601."""
        named = [form for column in self.source.columns.get(field, []) for form in column.formats()]
        source_wide = self.source.date_format
        whole = [source_wide] if isinstance(source_wide, str) else list(source_wide or [])
        return named or whole or self.found_formats.get(field, [])

    def _instant(self, text: str, formats: list[str]) -> str:
        tries = [self._parsed(text, form) for form in formats or ["iso"]]
        return tries[0] if len(tries) == 1 else f"coalesce({', '.join(tries)})"

    def iso(self, text: str) -> str:
        """An ISO 8601 instant: its own offset, else the source's time zone. The session's zone is set to that.

        The cast alone would take `infinity`, years before Christ, and drop what follows the time, such as PM.
        """
        instant = f"timezone('UTC', try_cast({text} as timestamptz))"
        return f"case when regexp_full_match({text}, {quoted(ISO_PATTERN)}) then {instant} end"

    def _parsed(self, text: str, form: str) -> str:
        """The instant in one format; null outside the years that an export can speak of."""
        if form in ("epoch", "epoch_ms"):
            seconds = f"(try_cast({text} as double) / {1 if form == 'epoch' else 1000})"
            return f"case when {seconds} between -2208988800 and 7258118400 then timezone('UTC', to_timestamp({seconds})) end"
        parsed = self.iso(text) if form == "iso" else self._in_format(text, form)
        return f"case when year({parsed}) between {FIRST_YEAR} and {LAST_YEAR} then {parsed} end"

    def _in_format(self, text: str, form: str) -> str:
        parsed = f"try_strptime({text}, {quoted(form)})"
        if "%z" in form or "%Z" in form:
            return f"timezone('UTC', {parsed}::timestamptz)"
        return parsed if self.time_zone == "UTC" else f"timezone('UTC', timezone({quoted(self.time_zone)}, {parsed}))"

    def _next_day_columns(self) -> str:
        """Times of day before the moment they follow belong to the next day (a call past midnight)."""
        shifts = []
        for field in self.kind.fields:
            after = next((column.next_day_after for column in self._origins(field) if column.next_day_after), None)
            if after:
                name, earlier = identifier(field.name), identifier(after)
                shifts.append(
                    f"case when {name} < {earlier} - interval 12 hours then {name} + interval 1 day else {name} end as {name}"
                )
        return ", ".join(shifts)

    def _unwanted(self, access: Callable[[str], str]) -> str:
        cases = [f"when {_holds(rule, access)} then {quoted(rule.reason)}" for rule in self.source.reject]
        return f"case {' '.join(cases)} end" if cases else "null::varchar"

    def _reason(self) -> str:
        """The first thing wrong with a row, for a person; null where it can be loaded."""
        reasons = ["unwanted"]
        for field in self.kind.fields:
            text = f"texts.{identifier(field.name)}"
            if field.required:
                reasons.append(f"case when {text} is null then {quoted(field.name + ' is empty')} end")
            if field.type != "text":
                value, form = self._value(field), quoted(" is not " + self._form(field))
                reasons.append(
                    f"case when {text} is not null and {value} is null then {quoted(field.name + ': ')} || {text} || {form} end"
                )
        return f"coalesce({', '.join(reasons)}, null)"

    def _form(self, field: Field) -> str:
        if field.type == "instant":
            formats = self.formats(field.name)
            named = [form for form in formats if form != "iso"]
            return f"a date in the format {' or '.join(named[:3])}" if named else ISO_FORM
        return {
            "date": "a date such as 2026-12-25",
            "number": "a number",
            "integer": "a whole number",
            "boolean": "yes or no",
        }[field.type]

    def _key(self, access: Callable[[str], str]) -> str:
        if not self.source.key:
            return "null::varchar"
        return f" || {SEPARATOR} || ".join(f"coalesce(trim({access(name)}), '')" for name in self.source.key)

    def _final_key(self) -> str:
        own = f" || {SEPARATOR} || ".join(f"coalesce({identifier(name)}::varchar, '')" for name in self.kind.key)
        return f"coalesce(delivered_key, {own})"

    def _hashed(self) -> str:
        """What makes two rows the same: every kept field."""
        return ", ".join(identifier(field.name) for field in self.kind.stored_fields())

    def _instants(self) -> list[str]:
        return [identifier(field.name) for field in self.kind.fields if field.type == "instant"] + ["null::timestamp"]


def _holds(rule: When, access: Callable[[str], str]) -> str:
    return f"list_contains({text_list(rule.values)}, trim({access(rule.column)}))"


def _constant(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def stored_columns(kind: RowKind) -> str:
    """The columns of a store table, as SQL."""
    return ", ".join(f"{identifier(field.name)} {SQL_TYPES[field.type]}" for field in kind.stored_fields())
