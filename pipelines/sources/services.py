"""The services that can be pulled from, by the `kind` of their sources in support.toml."""

from __future__ import annotations

from pipelines.sources.delighted import DELIGHTED
from pipelines.sources.pull import Service
from pipelines.sources.qualtrics import QUALTRICS
from pipelines.sources.surveymonkey import SURVEYMONKEY
from pipelines.sources.typeform import TYPEFORM

SERVICES: dict[str, Service] = {service.kind: service for service in (DELIGHTED, QUALTRICS, SURVEYMONKEY, TYPEFORM)}
