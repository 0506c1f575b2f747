"""[sources.NAME] of support.toml: where one kind of export lies or is pulled from, and how its rows are read."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from warehouse.rows import ROW_KINDS, RowKind
from warehouse.section import Name, Seconds, Section, Size, TimeZone, is_of_this_machine, seconds


def _zero_or_seconds(value: object) -> object:
    return 0.0 if value in (0, "0s") else seconds(value)


class When(Section):
    """Rows where a column holds one of these values."""

    column: str
    values: list[str]


class Column(Section):
    """Where a field comes from: one column, or several joined, read with a date format, only in some rows.

    `prefix` goes before the text: an export that gives the day of a known month is dated with `prefix = "2017-05-"`.
    """

    column: str | None = None
    join: list[str] | None = None
    separator: str = " "
    prefix: str = ""
    format: str | list[str] | None = None
    nulls: list[str] = []
    when: When | None = None
    unless: When | None = None
    next_day_after: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        if (self.column is None) == (self.join is None):
            raise ValueError("needs either `column` or `join`")
        return self

    def origins(self) -> list[str]:
        """The delivered columns it reads."""
        read = [self.column] if self.column else list(self.join or [])
        return read + [rule.column for rule in (self.when, self.unless) if rule]

    def formats(self) -> list[str]:
        return [self.format] if isinstance(self.format, str) else list(self.format or [])


def _columns(value: object) -> object:
    """`created_at = "Created"` is short for `{ column = "Created" }`; a list is read as first that is not empty."""
    if not isinstance(value, dict):
        return value
    return {
        name: [_column(part) for part in (spec if isinstance(spec, list) else [spec])] for name, spec in value.items()
    }


def _column(spec: object) -> object:
    return {"column": spec} if isinstance(spec, str) else spec


class Reject(When):
    """Rows that are no rows of ours, with the reason that is shown for each."""

    reason: str


RowName = Literal[
    "ticket",
    "event",
    "message",
    "call",
    "survey",
    "schedule",
    "holiday",
    "target",
    "annotation",
    "note",
    "view",
    "name",
]


def _known_kind(kind: object) -> object:
    known = ("files", "zendesk_tables", *_OF_KIND)
    if kind not in known:
        raise ValueError(f"{kind!r} is no kind of source; allowed are {', '.join(known)}")
    return kind


class Source(Section):
    """One [sources.NAME]: a folder or pattern of exports, all of one shape; or a folder of a help desk's raw tables."""

    path: Path
    kind: Annotated[Literal["files", "zendesk_tables"], BeforeValidator(_known_kind)] = "files"
    rows: RowName | None = None
    part_of: Name | None = None
    format: Literal["csv", "tsv", "json", "jsonl", "parquet", "xlsx"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=4)] | None = None
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=2)] = 1
    rows_after_header: Annotated[int, Field(ge=0)] = 0
    sheet: str | None = None
    records: str | None = None
    key: list[str] | None = None
    time_zone: TimeZone | None = None
    date_format: str | list[str] | None = None
    nulls: list[str] = []
    columns: Annotated[dict[str, list[Column]], BeforeValidator(_columns)] = {}
    constants: dict[str, str | int | float | bool] = {}
    values: dict[str, dict[str, str]] = {}
    reject: list[Reject] = []

    @property
    def row_kind(self) -> RowKind:
        """What its rows are; only files have one."""
        if self.rows is None:
            raise ValueError("a source of raw tables has no single kind of row")
        return ROW_KINDS[self.rows]

    @model_validator(mode="after")
    def _one_shape(self) -> Source:
        if self.kind == "files" and self.rows is None:
            raise ValueError(f"needs `rows`: what a row is; allowed are {', '.join(ROW_KINDS)}")
        superfluous = sorted(self.model_fields_set - {"kind", "path", "part_of"})
        if self.kind != "files" and superfluous:
            raise ValueError(f'{superfluous[0]} is not allowed with kind = "{self.kind}"; allowed are path and part_of')
        return self

    @model_validator(mode="after")
    def _known_fields(self) -> Source:
        if self.rows is None:
            return self
        kind = self.row_kind
        allowed = kind.field_names()
        for place in ("columns", "constants", "values"):
            for name in getattr(self, place):
                if name not in allowed:
                    raise ValueError(
                        f"{place}.{name} is not a field of a {self.rows} row; allowed are {', '.join(allowed)}"
                    )
        return self

    def beside(self, folder: Path) -> Self:
        """The source with its paths made absolute, relative to the settings file's folder."""
        return self.model_copy(update={"path": folder / self.path.expanduser()})

    def fingerprint(self) -> str:
        """Changes when the reading of its files changes: they are then loaded again."""
        return hashlib.sha256(self.model_dump_json(exclude={"path"}).encode()).hexdigest()


# A place in an answer: keys joined by dots, such as `meta.next`.
Place = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")]


class Paging(Section):
    """How a JSON service is asked for the next page: by a cursor that the page names, a link, a page number or an offset.

    `next` is where the page holds the next cursor or link; without it a link is read from the header `Link` (RFC 8288).
    `more` is where it says whether there is another page. Without it the last page is the one that names no next one, or for numbers and
    offsets, one with fewer rows than `size` (proved in the first pull by asking for one more), or none. `continues`: the last page, too,
    names a cursor or link, where the next pull goes on.
    """

    by: Literal["none", "cursor", "link", "page", "offset"] = "none"
    parameter: str | None = None
    next: Place | None = None
    more: Place | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    size_parameter: str | None = None
    first: str | int | None = None
    continues: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Paging:
        needed = {"cursor": ("parameter", "next"), "page": ("parameter",), "offset": ("parameter",)}
        missing = next((name for name in needed.get(self.by, ()) if not getattr(self, name)), None)
        if missing:
            raise ValueError(f'needs `{missing}` with by = "{self.by}"')
        if self.size_parameter and not self.size:
            raise ValueError("size_parameter needs `size`")
        if self.continues and self.by not in ("cursor", "link"):
            raise ValueError(
                f'continues is not allowed with by = "{self.by}": only a cursor or a link can be gone on from'
            )
        return self


class Progress(Section):
    """What marks how far a JSON service was pulled: a field of its rows, whose newest value is a parameter of the next pull.

    It moves when a pull came to its end; `sorted` says that rows come oldest first by that field: then it moves with every page.
    `overlap` is asked for again: what the service may write late.
    """

    parameter: str
    field: Place
    format: Literal["iso", "epoch", "epoch_ms", "text"] = "iso"
    overlap: Annotated[float, BeforeValidator(_zero_or_seconds), Field(ge=0)] = 60.0
    sorted: bool = False


HELP_DESKS = ("zendesk", "freshdesk", "intercom", "chatwoot")
SURVEY_SERVICES = ("qualtrics", "surveymonkey", "delighted", "typeform")
# Those whose questions are whatever their maker asks.
MAPPED_SURVEYS = ("qualtrics", "surveymonkey", "typeform")
FOLDERS = ("object_storage", "sftp")
RemoteKind = Literal[
    "zendesk",
    "freshdesk",
    "intercom",
    "chatwoot",
    "qualtrics",
    "surveymonkey",
    "delighted",
    "typeform",
    "http",
    "object_storage",
    "sftp",
]
# What is said of any remote source, and of the rows of those whose rows everybody maps their own way.
_OF_ALL = {
    "kind",
    "part_of",
    "address",
    "since",
    "every",
    "longest_pull",
    "first_wait",
    "requests_a_minute",
    "largest_answer",
    "certificates",
    "without_tls",
    "leave_out",
}
_OF_ROWS = {"columns", "constants", "values", "reject", "nulls"}
_OF_OBJECTS = {"rows", "records", "key", "time_zone", "date_format", "may_lack", *_OF_ROWS}
_OF_FILES = set(Source.model_fields) - {"path"}
_OF_KIND: dict[str, set[str]] = {
    **{kind: {"user"} for kind in HELP_DESKS},
    **{kind: {"surveys", *_OF_ROWS} for kind in SURVEY_SERVICES},
    "http": {"user", "auth", "auth_name", "request", "parameters", "paging", "progress", *_OF_OBJECTS},
    "object_storage": {"pattern", "options", *_OF_FILES},
    "sftp": {"user", "pattern", "host_key", *_OF_FILES},
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "http": ("rows",),
    "object_storage": ("rows",),
    "sftp": ("rows", "user", "host_key"),
}
# Names of settings whose values are secrets, and never stand in support.toml.
_SECRET_NAME = re.compile(
    r"secret|passw|credential|token|signature|(sas|api|access|account|private|encryption)_?key", re.IGNORECASE
)
# Names like those, whose values are none.
_NOT_SECRET = {"skip_signature"}


def _instant(value: object) -> object:
    """A day of support.toml as the instant it begins (UTC)."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if hasattr(value, "year") else value  # type: ignore[attr-defined]


class RemoteSource(Source):
    """One [sources.NAME] that is pulled: a help desk, a survey tool, any JSON over HTTP, a folder in object storage or on an SFTP server.

    Its secrets stand in the environment or the secrets file as NAME_key, NAME_token, ...: `python -m pipelines check` names them.
    """

    path: Path = Path()
    kind: RemoteKind  # type: ignore[assignment]
    address: str
    user: str | None = None
    since: Annotated[datetime | None, BeforeValidator(_instant)] = None
    every: Seconds = 300.0
    longest_pull: Seconds = 600.0
    first_wait: Seconds = 0.5
    requests_a_minute: Annotated[float, Field(gt=0)] | None = None
    largest_answer: Size = "64MB"
    certificates: Path | None = None
    without_tls: bool = False
    leave_out: list[str] = []
    surveys: list[str] = []
    auth: Literal["none", "bearer", "basic", "header", "query"] = "none"
    auth_name: str | None = None
    request: str = ""
    parameters: dict[str, str] = {}
    paging: Paging = Paging()
    progress: Progress | None = None
    may_lack: list[str] = []
    pattern: str = "*"
    options: dict[str, str] = {}
    host_key: str | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> RemoteSource:
        allowed = _OF_ALL | _OF_KIND[self.kind]
        superfluous = sorted(self.model_fields_set - allowed)
        if superfluous:
            raise ValueError(
                f'{superfluous[0]} is not allowed with kind = "{self.kind}"; allowed are {", ".join(sorted(allowed))}'
            )
        missing = next((name for name in _NEEDED.get(self.kind, ()) if getattr(self, name) is None), None)
        if missing:
            raise ValueError(f'needs `{missing}` with kind = "{self.kind}"')
        return self

    @model_validator(mode="after")
    def _no_secrets(self) -> RemoteSource:
        for place in ("parameters", "options"):
            found = next(
                (name for name in getattr(self, place) if _SECRET_NAME.search(name) and name not in _NOT_SECRET), None
            )
            if found:
                instead = (
                    f'auth = "query" and auth_name = "{found}"'
                    if place == "parameters"
                    else "the secrets of this source"
                )
                raise ValueError(f"{place}.{found} looks like a secret, which must not stand here: use {instead}")
        return self

    @model_validator(mode="after")
    def _one_question(self) -> RemoteSource:
        """What kind = "http" needs beside the keys that every source of its kind has."""
        needed = {"basic": "user", "header": "auth_name", "query": "auth_name"}.get(self.auth)
        if needed and not getattr(self, needed):
            raise ValueError(f'needs `{needed}` with auth = "{self.auth}"')
        if self.kind == "http" and self.request and "?" in self.address:
            raise ValueError("address has a `?`, which nothing can be put behind: give what follows it as `parameters`")
        if self.kind == "http" and self.since and not self.progress:
            raise ValueError("since needs `progress`: without it every pull asks for everything")
        return self

    def origin(self) -> str:
        """What progress belongs to: with another one, a source is pulled from its beginning."""
        since = self.since.isoformat() if self.since else "the beginning"
        asked = f" {self.request} {self.parameters} {self.paging!r} {self.progress!r}" if self.kind == "http" else ""
        return f"{self.address} since {since} {sorted(self.surveys)}{asked}"

    @model_validator(mode="after")
    def _kind_of_survey(self) -> RemoteSource:
        if self.kind in MAPPED_SURVEYS and "kind" not in self.columns.keys() | self.constants.keys():
            raise ValueError('needs `constants.kind`: "csat", "nps" or "ces"')
        return self

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> RemoteSource:
        """Secrets go over TLS: without it everybody on the way reads them."""
        address = urlsplit(self.address)
        if address.scheme == "http" and not self.without_tls and not is_of_this_machine(address.hostname or ""):
            raise ValueError(
                f"address {self.address} is not encrypted, and secrets go there: use https://, or say without_tls = true where only your own"
                " network lies in between"
            )
        return self

    def beside(self, folder: Path) -> Self:
        """The source with its paths made absolute, relative to the settings file's folder."""
        return self.model_copy(update={"certificates": self.certificates and folder / self.certificates.expanduser()})

    def of_files(self) -> dict[str, Any]:
        """What it says of the reading of its rows."""
        return {name: getattr(self, name) for name in self.model_fields_set & (_OF_FILES - {"kind", "part_of"})}


def _place(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else value.kind
    return "remote" if kind in _OF_KIND else "files"


AnySource = Annotated[Annotated[Source, Tag("files")] | Annotated[RemoteSource, Tag("remote")], Discriminator(_place)]
