"""What a service file says of its service: which lists are pulled, how its client is made, which settings and secrets it needs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warehouse.secrets import SECRETS_FILE, SECTION, environment_name, secret
from warehouse.sources import RemoteSource

if TYPE_CHECKING:
    from pipelines.sources.pull import Pull


@dataclass(frozen=True)
class Service:
    """How one kind of source is pulled: `endpoints` in their order; `connect` gives the arguments of its HTTP client, where it needs one.

    `secrets` are needed, `optional_secrets` are not, unless `lacks` says of a source that it needs some that were not found; `settings` are
    keys of its section that must be given.
    """

    kind: str
    endpoints: Mapping[str, Callable[[Pull], None]]
    connect: Callable[[RemoteSource, Mapping[str, str]], dict[str, Any]] | None = None
    secrets: tuple[str, ...] = ()
    optional_secrets: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    lacks: Callable[[RemoteSource, Mapping[str, str]], tuple[str, ...]] = lambda source, secrets: ()

    def secrets_of(self, name: str) -> dict[str, str]:
        """The secrets of a source that are there."""
        return {part: found for part in (*self.secrets, *self.optional_secrets) if (found := _secret(name, part))}


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def missing_settings(service: Service, name: str, source: RemoteSource) -> list[str]:
    """What support.toml or the secrets lack for this source, each in a line that says where to put it."""
    lines = [
        f"sources.{name}.{setting} is missing: {service.kind} needs it"
        for setting in service.settings
        if not getattr(source, setting)
    ]
    found = service.secrets_of(name)
    for part in (*(part for part in service.secrets if part not in found), *service.lacks(source, found)):
        known_as = _secret_name(name, part)
        lines.append(
            f"the secret {known_as} is missing: put it into the environment as {environment_name(known_as)}, or under [{SECTION}]"
            f" of {SECRETS_FILE}"
        )
    return lines


def _secret(name: str, part: str) -> str | None:
    return secret(_secret_name(name, part))


def _secret_name(name: str, part: str) -> str:
    return f"{name.lower().replace('-', '_')}_{part}"
