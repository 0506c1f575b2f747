"""The services that can be pulled from, by the `kind` of their sources in support.toml."""

from __future__ import annotations

from pipelines.sources.delighted import DELIGHTED
from pipelines.sources.intercom import INTERCOM
from pipelines.sources.pull import Service

SERVICES: dict[str, Service] = {service.kind: service for service in (DELIGHTED, INTERCOM)}
