"""From delivered text to typed rows: rename, cast, reject. Builds the SQL for one source's mapping.

Every row comes out: with its fields, or with a `reason` and the row as delivered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from warehouse.connection import read_sql
from warehouse.mapping import columns_of, harmless_columns, personal_columns
from warehouse.rows import SQL_TYPES, Field, RowKind
from warehouse.sources import Column, Source, When
from warehouse.sql_text import identifier, quoted, text_list

ISO_FORM = "a date such as 2026-01-31T10:30:00"
# What no export of a help desk speaks of is a misread or mistyped date.
FIRST_YEAR, LAST_YEAR = 1900, 2199


# Fields in which a customer's own name may stand among other words.
TEXTS = ("words", "message", "change")


@dataclass(frozen=True)
class Delivered:
    """How the rows of a set of files of one shape are read.

    `scan` is a table function call with a `filename` column; `access` gives the SQL of a delivered column;
    `whole_row` is the SQL of a row as delivered, `as_text` writes it out (for rejected rows alone), `in_part` does so with
    the values of some columns alone, `fault` is the SQL of what makes it unreadable.
    """

    scan: str
    access: Callable[[str], str]
    whole_row: str
    as_text: Callable[[str], str]
    in_part: Callable[[str, list[str]], str]
    fault: str = "null::varchar"
    file_column: str = "filename"


# A date, a time of day if any, an offset if any.
ISO_PATTERN = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?"


_WORD = re.compile(r"\w+")
_REASON_TAKEN = " replace (case when delivered is not null then as_reason(delivered) end as delivered)"

# Between the parts of a key: a character that no part holds.
SEPARATOR = "chr(31)"


class Staging:
    """The staging query of one source; `date_formats` holds formats found out for fields whose mapping names none."""

    def __init__(self, source: Source, time_zone: str, date_formats: dict[str, list[str]] | None = None) -> None:
        self.source = source
        self.kind: RowKind = source.row_kind
        self.time_zone = source.time_zone or time_zone
        self.found_formats = date_formats or {}

    def query(self, delivered: Delivered) -> str:
        """Select of filename, key, its number and its ticket's, version_at, row_hash, exported_at, latest_at, reason, delivered and the kept fields."""
        texts = ",\n        ".join(
            f"{self._text(field, delivered.access)} as {identifier(field.name)}" for field in self.kind.fields
        )
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
cast_values as (select * replace ({self._values()}), {self._said()} from texts),
judged as (select * {self._in_range()}, {self._reason()} as reason, from cast_values),
typed as (select * exclude ({self._said_names()} unwanted){f" replace ({shifted})" if shifted else ""} from judged),
ruled as ({read_sql(f"staging/{self.kind.name}")}),
{self._made_private()}
keyed as (
    select
        * exclude (delivered_key, whole_row, reason),
        {self._final_key()} as key,
        {self._numbers()}
        updated_at as version_at,
        hash({self._hashed()}) as row_hash,
        greatest({", ".join(self._instants())}) as latest_at,
        reason,
        case when reason is not null then {self._rejected(delivered)} end as delivered,
    from private
)
select * {self._without_empty()}{_REASON_TAKEN if not self.kind.is_remark else ""} from keyed"""

    def kept_fields(self) -> list[Field]:
        """Fields of the store that a row of this source may fill: those it says, and those that the rules of its kind may set."""
        rules = set(_WORD.findall(read_sql(f"staging/{self.kind.name}")))
        said = {field.name for field in self.filled()}
        return [field for field in self.kind.stored_fields() if field.name in said | rules]

    def _without_empty(self) -> str:
        """Fields that no row fills are left out: a table of them would be mostly empty."""
        kept = self.kept_fields()
        empty = [identifier(field.name) for field in self.kind.stored_fields() if field not in kept]
        return f"exclude ({', '.join(empty)})" if empty else ""

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
        cleaned = (
            parts if nulls == [""] else [f"case when {part} not in {_one_of(nulls)} then {part} end" for part in parts]
        )
        text = cleaned[0] if len(cleaned) == 1 else "(" + f" || {quoted(column.separator)} || ".join(cleaned) + ")"
        if column.prefix:
            text = f"{quoted(column.prefix)} || {text}"
        conditions = [_holds(rule, access) for rule in (column.when,) if rule]
        conditions += [f"not coalesce({_holds(rule, access)}, false)" for rule in (column.unless,) if rule]
        return f"case when {' and '.join(conditions)} then {text} end" if conditions else text

    def _read(self) -> list[Field]:
        """Fields that are read from their text: of another type, and said by this source."""
        return [field for field in self.filled() if field.type != "text"]

    def _values(self) -> str:
        """Every field by its type; what no row says is null of that type."""
        read = self._read()
        found = [f"{self._value(field)} as {identifier(field.name)}" for field in read]
        found += [
            f"null::{SQL_TYPES[field.type]} as {identifier(field.name)}"
            for field in self.kind.fields
            if field.type != "text" and field not in read
        ]
        return ", ".join([*found, "filename as filename"])

    def _said(self) -> str:
        """The texts that values were read from, beside them: a reason shows them."""
        return ", ".join(f"texts.{identifier(field.name)} as {_said(field)}" for field in self._read())

    def _said_names(self) -> str:
        return "".join(f"{_said(field)}, " for field in self._read())

    def _in_range(self) -> str:
        """Instants outside the years that an export can speak of are misread."""
        checked = [
            f"{self._checked(field)} as {identifier(field.name)}" for field in self._read() if field.type == "instant"
        ]
        return f"replace ({', '.join(checked)})" if checked else ""

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
            truths, lies = _one_of(["true", "t", "yes", "y", "1"]), _one_of(["false", "f", "no", "n", "0"])
            return f"case when lower({text}) in {truths} then true when lower({text}) in {lies} then false end"
        if field.type == "number":
            return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"
        return f"case when try_cast({text} as double) = try_cast({text} as bigint) then try_cast({text} as bigint) end"

    def formats(self, field: str) -> list[str]:
        """The date formats of a field: its column's, else the source's, else found ones; none means ISO 8601."""
        named = [form for column in self.source.columns.get(field, []) for form in column.formats()]
        source_wide = self.source.date_format
        whole = [source_wide] if isinstance(source_wide, str) else list(source_wide or [])
        return named or whole or self.found_formats.get(field, [])

    def _instant(self, text: str, formats: list[str]) -> str:
        if len(formats) > 1:
            return f"coalesce({', '.join(self._parsed_in_range(text, form) for form in formats)})"
        return self._parsed(text, formats[0] if formats else "iso")

    def iso(self, text: str) -> str:
        """An ISO 8601 instant: its own offset, else the source's time zone. The session's zone is set to that.

        The cast alone would take `infinity`, years before Christ, and drop what follows the time, such as PM.
        """
        instant = f"timezone('UTC', try_cast({text} as timestamptz))"
        other = f"when regexp_full_match({text}, {quoted(ISO_PATTERN)}) then {instant}"
        # The commonest form, without an offset, is read several times faster than by the pattern and through the time zone.
        plain = (
            f"when {text} like '____-__-__ __:__:__' then try_cast({text} as timestamp)"
            if self.time_zone == "UTC"
            else ""
        )
        return f"case {plain} {other} end"

    def _parsed_in_range(self, text: str, form: str) -> str:
        parsed = self._parsed(text, form)
        return f"case when year({parsed}) between {FIRST_YEAR} and {LAST_YEAR} then {parsed} end"

    def _parsed(self, text: str, form: str) -> str:
        """The instant in one format."""
        if form in ("epoch", "epoch_ms"):
            seconds = f"(try_cast({text} as double) / {1 if form == 'epoch' else 1000})"
            return f"case when {seconds} between -2208988800 and 7258118400 then timezone('UTC', to_timestamp({seconds})) end"
        return self.iso(text) if form == "iso" else self._in_format(text, form)

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
        read = self._read()
        for field in self.kind.fields:
            text = _said(field) if field in read else identifier(field.name)
            if field.required:
                reasons.append(f"case when {text} is null then {quoted(field.name + ' is empty')} end")
            if field in read:
                form = quoted(" is not " + self._form(field))
                shown = f"as_quoted({text})" if self.kind.speaks_of_customers else text
                misread = f"{text} is not null and {self._checked(field)} is null"
                reasons.append(f"case when {misread} then {quoted(field.name + ': ')} || {shown} || {form} end")
        return f"coalesce({', '.join(reasons)}, null)"

    def _checked(self, field: Field) -> str:
        name = identifier(field.name)
        if field.type != "instant":
            return name
        return f"case when year({name}) between {FIRST_YEAR} and {LAST_YEAR} then {name} end"

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
        return f" || {SEPARATOR} || ".join(f"coalesce({self._key_part(name, access)}, '')" for name in self.source.key)

    def _key_part(self, name: str, access: Callable[[str], str]) -> str:
        """A column of the key; hashed where it is also that of a field that may name a customer."""
        text = f"trim({access(name)})"
        if not self.kind.speaks_of_customers or name in harmless_columns(self.source):
            return text
        return f"{'as_id' if name in personal_columns(self.source) else 'as_key'}({text})"

    def _made_private(self) -> str:
        """Steps from `ruled` to `private`: what becomes of fields that may hold something of a customer, as `warehouse.privacy` says."""
        if not self.kind.speaks_of_customers:
            return "private as (from ruled),"
        customer = (
            "customer"
            if "customer" in self.kind.field_names()
            else "case when author_kind in ('customer', 'by_author') then author end"
        )
        texts = [field for field in self.filled() if field.personal in TEXTS]
        said = ", ".join([*(_text_kept(field) for field in texts), "null"])
        nameless = ", ".join(f"{_nameless(field)} as {field.name}" for field in texts)
        # Addresses go first: a name inside one would break it, and leave the rest.
        return f"""named as (
    select * replace ({", ".join(self._kept_values())}), own_words({customer}, concat_ws(' ', {said})) as own_words,
    from ruled
),
private as (select * exclude (own_words){f" replace ({nameless})" if texts else ""} from named),"""

    def _kept_values(self) -> list[str]:
        found = [f"{_kept(field)} as {field.name}" for field in self.filled() if field.personal]
        named = self._named_after_customers()
        found += [f"as_id({name}) as {name}" for name in named]
        ids = [name for name in ("ticket_id", *self.kind.key) if name.endswith("_id") and name not in named]
        if "call_id" in named and "ticket_id" in ids:
            found.append("case when ticket_id = call_id then as_id(ticket_id) else as_key(ticket_id) end as ticket_id")
            ids.remove("ticket_id")
        found += [f"as_key({name}) as {name}" for name in dict.fromkeys(ids)]
        return [*found, "case when reason is not null then as_reason(reason) end as reason"]

    def filled(self) -> list[Field]:
        """Fields that rows say something of; the others are null."""
        given = self.source.columns.keys() | self.source.constants.keys()
        return [field for field in self.kind.fields if field.name in given]

    def _named_after_customers(self) -> list[str]:
        """Fields that are read from the customer's own column: an id that is made of their address, say."""
        customers, authors = columns_of(self.source, "customer"), columns_of(self.source, "author")
        return [
            field.name
            for field in self.kind.fields
            if field.type == "text"
            and not field.personal
            and columns_of(self.source, field.name)
            & (customers | authors if field.name in self.kind.key else customers)
        ]

    def _rejected(self, delivered: Delivered) -> str:
        """A rejected row as delivered, or what of it holds nothing of a customer; what people write in the dashboard is ours."""
        whole = delivered.as_text("whole_row")
        if self.kind.is_remark:
            return whole
        return f"as_rejected({whole}, {delivered.in_part('whole_row', sorted(harmless_columns(self.source)))})"

    def _final_key(self) -> str:
        own = f" || {SEPARATOR} || ".join(f"coalesce({identifier(name)}::varchar, '')" for name in self.kind.key)
        return f"coalesce(delivered_key, {own})"

    def _numbers(self) -> str:
        """The numbers by which rows are found; number_of(key) names the key by its own expression, as it is made beside it."""
        made_of = {"key": self._final_key()}
        return " ".join(f"number_of({made_of.get(of, of)}) as {name}," for name, of in self.kind.numbers().items())

    def _hashed(self) -> str:
        """What makes two rows the same: every kept field."""
        return ", ".join(identifier(field.name) for field in self.kind.stored_fields())

    def _instants(self) -> list[str]:
        """The instants that a row speaks of; when an agent was renamed says nothing of how far the data of tickets goes."""
        told = [field for field in self.kind.fields if field.type == "instant" and self.kind.builds != "names"]
        return [identifier(field.name) for field in told] + ["null::timestamp"]


def _text_kept(field: Field) -> str:
    return f"as_message({field.name})" if field.personal == "message" else field.name


def _nameless(field: Field) -> str:
    text = f"without_words({field.name}, own_words)"
    return (
        f"case when is_harmless_change(field) then {field.name} else {text} end" if field.personal == "change" else text
    )


def _kept(field: Field) -> str:
    """The SQL of what is kept of a field that may hold something of a customer; their own name goes out of it next."""
    return {
        "customer": f"as_customer({field.name})",
        "author": f"case when author_kind in ('agent', 'bot') then {field.name} else as_customer({field.name}) end",
        "actor": f"as_actor({field.name})",
        "change": f"as_change({field.name}, field)",
        "words": f"as_words({field.name})",
        "message": f"as_words(as_message({field.name}))",
    }[field.personal or "customer"]


def _one_of(texts: list[str]) -> str:
    return f"({', '.join(quoted(text) for text in texts)})"


def _said(field: Field) -> str:
    """The column that holds the text a value was read from."""
    return identifier(f"{field.name} as said")


def _holds(rule: When, access: Callable[[str], str]) -> str:
    return f"list_contains({text_list(rule.values)}, trim({access(rule.column)}))"


def _constant(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def stored_columns(kind: RowKind) -> str:
    """The columns of a store table, as SQL."""
    return ", ".join(f"{identifier(field.name)} {SQL_TYPES[field.type]}" for field in kind.stored_fields())
