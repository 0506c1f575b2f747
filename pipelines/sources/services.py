"""The services that can be pulled from, by the `kind` of their sources in support.toml."""

from __future__ import annotations

from pipelines.sources.any_http import ANY_HTTP
from pipelines.sources.delighted import DELIGHTED
from pipelines.sources.object_storage import OBJECT_STORAGE
from pipelines.sources.pull import Service
from pipelines.sources.sftp import SFTP

SERVICES: dict[str, Service] = {service.kind: service for service in (ANY_HTTP, DELIGHTED, OBJECT_STORAGE, SFTP)}
