"""support.toml: every setting, checked when read. A mistake is one line that names the key and what is allowed."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    ValidationError,
    model_validator,
)

from warehouse.errors import SettingsError
from warehouse.rows import WRITTEN, WRITTEN_FEEDS
from warehouse.section import Name, Seconds, SecondsOrForever, Section, Size, TimeZone, is_of_this_machine
from warehouse.sources import AnySource, Column, Paging, Progress, Reject, RemoteSource, Source, When

_SECRET = re.compile(r"auth$|secret|password|passwd|token|api_?key|privacy_?key|credential", re.IGNORECASE)


def _cron(value: str) -> str:
    try:
        CronTrigger.from_crontab(value, timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a crontab line such as '30 3 * * *' ({error})") from error
    return value


def _locale(value: str) -> str:
    try:
        Locale.parse(value, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"{value!r} is not a locale such as en-GB, en-US or de-DE") from error
    return value


LocaleName = Annotated[str, AfterValidator(_locale)]
Crontab = Annotated[str, AfterValidator(_cron)]


DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MINUTES_A_DAY = 1440
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def _lists(value: object) -> object:
    """`mon = "09:00-17:00"` is short for `mon = ["09:00-17:00"]`."""
    if not isinstance(value, dict):
        return value
    return {day: [spans] if isinstance(spans, str) else spans for day, spans in value.items()}


def _intervals(days: str, spans: list[str]) -> list[tuple[int, int]]:
    """Minutes of the week from a day such as `mon`, or days such as `mon-fri`, and spans such as `09:00-17:00`."""
    first, _, last = days.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"hours.{days} is not a day or days such as mon or mon-fri; allowed are {', '.join(DAYS)}")
    start = DAYS.index(first)
    count = (DAYS.index(last or first) - start) % 7 + 1
    return [
        (MINUTES_A_DAY * (day % 7) + opens, MINUTES_A_DAY * (day % 7) + closes)
        for opens, closes in map(_span, spans)
        for day in range(start, start + count)
    ]


def _span(text: str) -> tuple[int, int]:
    """Minutes of a day; a span that closes before it opens goes on into the next day."""
    match = _SPAN.fullmatch(text.replace(" ", ""))
    opens, closes = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    if opens == closes or closes > MINUTES_A_DAY:
        raise ValueError(f"{text!r} is not hours such as 09:00-17:00, 22:00-06:00 (overnight) or 00:00-24:00 (all day)")
    return opens, closes if closes > opens else closes + MINUTES_A_DAY


def _days_off(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError as error:
        raise ValueError(
            f"holidays: {text!r} is not a day such as 2026-12-25 or days such as 2026-12-24..2026-12-26"
        ) from error
    if days[1] < days[0]:
        raise ValueError(f"holidays: {text!r} ends before it begins")
    return days


class Data(Section):
    """Where everything is kept. `largest_file` is what a delivered file may hold once it is unpacked."""

    folder: Path = Path("data")
    keep_versions: Annotated[int, Field(ge=2, le=100)] = 3
    keep_landed: SecondsOrForever = None
    memory_limit: Size = "1300MB"
    largest_file: Size = "4GB"


class Clock(Section):
    """Whose days and hours the pages show, and, for a history, what instant is now."""

    time_zone: TimeZone = "UTC"
    times: Literal["account", "viewer"] = "account"
    locale: LocaleName | None = None
    as_of: AwareDatetime | None = None

    def as_of_utc(self) -> datetime | None:
        """The fixed as-of instant in UTC without a zone, or None."""
        return self.as_of.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) if self.as_of else None


class Schedule(Section):
    """When the pipelines look for new exports: every so often, or by a crontab line in the account's time zone; and when they put
    their file in order, by such a line."""

    refresh: Seconds = 2.0
    refresh_cron: Crontab | None = None
    upkeep_cron: Crontab = "30 3 * * *"

    @property
    def refresh_seconds(self) -> float:
        return self.refresh


class Dashboard(Section):
    """Where the pages are served. `hosts` are the names by which browsers may ask for it; `without_login` lets everyone in who reaches
    an address other than this machine's own. `most_viewers` have a page open at once; `largest_request` is of what one may send."""

    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8501
    hosts: list[str] = []
    without_login: bool = False
    most_viewers: Annotated[int, Field(ge=1, le=10_000)] = 300
    largest_request: Size = "1MB"


class Health(Section):
    """Where `serve` says how it does (/healthz, /metrics; port 0: nowhere), and who beside this machine may ask the dashboard for its metrics."""

    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8502
    monitors: list[IPvAnyNetwork] = []


class Log(Section):
    """How `serve` and the dashboard log on stderr; without a format, text at a terminal and JSON lines elsewhere."""

    format: Literal["json", "text"] | None = None


RoleName = Literal["lead", "executive", "analyst", "admin"]


class Role(Section):
    """One [[access.roles]]: who has a role, by address, by the domain of the address, or by a claim of the login.

    `teams` are those whose agents a lead sees by name; `teams_claim` is the claim that names them.
    """

    role: RoleName
    addresses: list[str] = []
    domains: list[str] = []
    claim: str | None = None
    values: list[str] = []
    teams: list[str] = []
    teams_claim: str | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Role:
        if not self.addresses and not self.domains and not self.claim:
            raise ValueError("a role needs addresses, domains or a claim: it would be nobody's")
        if (self.claim is None) != (not self.values):
            raise ValueError("claim and values go together: the claim, and which of its values have the role")
        if (self.teams or self.teams_claim) and self.role != "lead":
            raise ValueError("teams are a lead's; other roles see all agents by name, or none")
        if self.role == "lead" and not self.teams and not self.teams_claim:
            raise ValueError("a lead needs teams, or teams_claim: the claim that names them")
        return self


class Access(Section):
    """Who may see what. With it, nobody sees anything without a login: OpenID Connect, or a header of a trusted proxy."""

    login: Literal["oidc", "header"]
    provider: str | None = None
    header: str = "X-Forwarded-Email"
    claim_headers: dict[str, str] = {}
    proxies: list[IPvAnyNetwork] = []
    session: Seconds = 43_200.0
    roles: Annotated[list[Role], Field(min_length=1)]

    @model_validator(mode="after")
    def _proxies_known(self) -> Access:
        if self.login == "header" and not self.proxies:
            raise ValueError('login = "header" needs proxies: the addresses from which the header is believed')
        return self


Kept = Literal["customer", "message_text", "contact_details", "rejected_rows"]


class Privacy(Section):
    """What of customers reaches the published file as delivered; what is not named here is hashed, masked or left out."""

    keep: list[Kept] = []


class Sql(Section):
    """Limits of the SQL page, each of a single query but `at_once`."""

    seconds: Seconds = 30.0
    memory: Size = "512MB"
    temp_space: Size = "0MB"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    cells: Annotated[int, Field(ge=1, le=20_000_000)] = 500_000
    at_once: Annotated[int, Field(ge=1, le=32)] = 2


class Sample(Section):
    """The made-up help desk that `make run` starts; leave the section out to run on your own exports alone."""

    folder: Path = Path("data/exports")
    days: Annotated[int, Field(ge=1, le=3650)] = 90
    tickets: Annotated[int, Field(ge=1)] = 40_000
    seed: int = 7
    every: Seconds = 3.0

    @property
    def marker(self) -> Path:
        """Is there once the made-up history is whole, and says how it was made."""
        return self.folder / "desk.json"


class WorkingHours(Section):
    """A schedule of working hours for tickets whose source brings none: a week of local hours, without the holidays.

    Without source, channel or team it holds for any; the one that names most of them holds.
    """

    name: str
    time_zone: TimeZone = "UTC"
    hours: Annotated[dict[str, list[str]], BeforeValidator(_lists)]
    holidays: list[Annotated[str, BeforeValidator(str)]] = []
    source: str | None = None
    channel: str | None = None
    team: str | None = None

    @model_validator(mode="after")
    def _readable(self) -> WorkingHours:
        self.intervals()
        self.days_off()
        return self

    def intervals(self) -> list[tuple[int, int]]:
        """Opening and closing in minutes since Sunday 00:00 local time; past midnight the closing is simply more."""
        return [interval for days, spans in self.hours.items() for interval in _intervals(days, spans)]

    def days_off(self) -> list[tuple[date, date]]:
        """First and last day of each holiday."""
        return [_days_off(text) for text in self.holidays]


class Target(Section):
    """A promise: within how long, for which share. Without source, channel or priority it holds for any.

    `business` counts only time within the ticket's schedule. `since` and `until` are the first and last day it is in force.
    """

    metric: Literal["first_response", "next_response", "agent_work", "requester_wait", "resolution", "periodic_update"]
    within: Seconds
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    source: str | None = None
    channel: str | None = None
    priority: str | None = None
    policy: str | None = None
    business: bool = False
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _in_force(self) -> Target:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}")
        return self


# Another number builds every table anew, in a data folder of an earlier version.
MARTS_VERSION = 3


class Settings(Section):
    """The whole of support.toml."""

    data: Data = Data()
    clock: Clock = Clock()
    schedule: Schedule = Schedule()
    dashboard: Dashboard = Dashboard()
    health: Health = Health()
    log: Log = Log()
    access: Access | None = None
    privacy: Privacy = Privacy()
    sql: Sql = Sql()
    sample: Sample | None = None
    schedules: list[WorkingHours] = []
    targets: list[Target] = []
    sources: dict[Name, AnySource] = {}

    @model_validator(mode="after")
    def _door_shut(self) -> Settings:
        self.refuse_open_door(self.dashboard.address)
        return self

    def refuse_open_door(self, address: str) -> None:
        """Raises ValueError where pages served at an address would be open to everyone who reaches it."""
        if not is_of_this_machine(address) and self.access is None and not self.dashboard.without_login:
            raise ValueError(
                f"the dashboard would be open to everyone who reaches {address}: set up [access], or say without_login = true"
                " under [dashboard]"
            )

    @model_validator(mode="after")
    def _distinct_schedules(self) -> Settings:
        names = [hours.name for hours in self.schedules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"schedules: two are named {twice!r}; each needs a name of its own")
        return self

    @property
    def remote_sources(self) -> dict[str, RemoteSource]:
        """The sources that are pulled, by name."""
        return {name: source for name, source in self.sources.items() if isinstance(source, RemoteSource)}

    @model_validator(mode="after")
    def _no_names_of_ours(self) -> Settings:
        """Refuses the names under which the pipelines keep what people write in the dashboard."""
        ours = (WRITTEN, *WRITTEN_FEEDS.values())
        for name, source in self.sources.items():
            for key, given in ((f"sources.{name}", name), (f"sources.{name}.part_of", source.part_of or "")):
                if given.lower() in ours:
                    raise ValueError(
                        f"{key}: the name {given} is kept for what is written in the dashboard; allowed is any but {', '.join(ours)}"
                    )
        return self

    def marts_fingerprint(self) -> str:
        """Changes when built tables would come out differently from the same rows: they are then all built again."""
        parts = (
            MARTS_VERSION,
            self.clock.time_zone,
            [target.model_dump() for target in self.targets],
            [hours.model_dump() for hours in self.schedules],
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def settings_name() -> str:
    """The settings file of this process: SUPPORT_SETTINGS, else support.toml in the working folder."""
    return os.environ.get("SUPPORT_SETTINGS", "support.toml")


def settings_path() -> Path:
    """The settings file of this process (see settings_name)."""
    return Path(settings_name())


def load(path: Path) -> Settings:
    """The checked settings of `path`; folders in it are relative to the file.

    Raises SettingsError: one line that names the key and what is allowed.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"Cannot read the settings {path}: {error.strerror}. Name another file with --settings FILE"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_first_mistake(error)}") from error
    return _with_folders_beside(settings, path.resolve().parent)


def _with_folders_beside(settings: Settings, folder: Path) -> Settings:
    """Settings with every path made absolute, relative to the settings file's folder."""
    sources = {name: source.beside(folder) for name, source in settings.sources.items()}
    data = settings.data.model_copy(update={"folder": folder / settings.data.folder.expanduser()})
    sample = settings.sample and settings.sample.model_copy(update={"folder": folder / settings.sample.folder})
    return settings.model_copy(update={"data": data, "sources": sources, "sample": sample})


def _first_mistake(error: ValidationError) -> str:
    """The first mistake in one line: the key, what is wrong, and what is allowed."""
    mistake = error.errors()[0]
    place = [part for part in mistake["loc"] if not isinstance(part, int)]
    is_remote = place[:1] == ["sources"] and place[2:3] == ["remote"]
    if place[:1] == ["sources"] and place[2:3] in (["files"], ["remote"]):
        del place[2]  # which class of source it is: no key of the file
    key = ".".join(str(part) for part in place)
    if mistake["type"] == "extra_forbidden":
        allowed = _allowed_keys(place[:-1], is_remote)
        if _SECRET.search(str(place[-1])):
            return (
                f"{key} looks like a secret, and none stands in this file: put it into the environment or into "
                f".streamlit/secrets.toml; allowed here: {', '.join(allowed)}"
            )
        return f"unknown key {key}; allowed here: {', '.join(allowed)}"
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _allowed_keys(place: list[Any], is_remote: bool) -> list[str]:
    """The keys that the section at `place` knows."""
    sections: dict[str, type[Section]] = {
        "data": Data,
        "clock": Clock,
        "schedule": Schedule,
        "dashboard": Dashboard,
        "access": Access,
        "roles": Role,
        "privacy": Privacy,
        "sql": Sql,
        "sample": Sample,
        "schedules": WorkingHours,
        "targets": Target,
        "sources": RemoteSource if is_remote else Source,
        "paging": Paging,
        "progress": Progress,
        "columns": Column,
        "reject": Reject,
        "when": When,
        "unless": When,
    }
    known = [sections[str(part)] for part in place if str(part) in sections]
    return sorted((known[-1] if known else Settings).model_fields)
