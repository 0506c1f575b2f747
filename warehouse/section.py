"""What tables of support.toml are made of: sections that refuse unknown keys, durations, sizes, time zones, names."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

SIZE = r"^\d+(\.\d+)?\s*(MB|GB|MiB|GiB)$"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_UNIT_BYTES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}


class Section(BaseModel):
    """A table of support.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def seconds(value: object) -> object:
    """Seconds from `20s`, `5m`, `2h`, `1d` or a number; anything else is left for the error message."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, str) and not match:
        raise ValueError(f"{value!r} is not a duration such as 20s, 5m, 2h or 1d")
    return float(match[1]) * _UNIT_SECONDS[match[2]] if match else value


def _seconds_or_forever(value: object) -> object:
    """Seconds, or None for `forever`."""
    try:
        return None if value == "forever" else seconds(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a duration such as 90d, nor forever") from error


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone such as UTC, Europe/Berlin or America/New_York")
    return value


def size_bytes(size: str) -> int:
    """Bytes of a size such as 64MB or 2GiB, which SIZE allows."""
    number, unit = re.fullmatch(r"([\d.]+)\s*(\w+)", size).groups()  # type: ignore[union-attr]
    return int(float(number) * _UNIT_BYTES[unit])


def is_of_this_machine(address: str) -> bool:
    """Whether only this machine reaches what is served at an address."""
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
SecondsOrForever = Annotated[Annotated[float, Field(gt=0)] | None, BeforeValidator(_seconds_or_forever)]
Size = Annotated[str, Field(pattern=SIZE)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
