"""The services that can be pulled from, by the `kind` of their sources in support.toml."""

from __future__ import annotations

from pipelines.sources.any_http import ANY_HTTP
from pipelines.sources.chatwoot import CHATWOOT
from pipelines.sources.delighted import DELIGHTED
from pipelines.sources.freshdesk import FRESHDESK
from pipelines.sources.intercom import INTERCOM
from pipelines.sources.object_storage import OBJECT_STORAGE
from pipelines.sources.qualtrics import QUALTRICS
from pipelines.sources.service import Service
from pipelines.sources.sftp import SFTP
from pipelines.sources.surveymonkey import SURVEYMONKEY
from pipelines.sources.typeform import TYPEFORM
from pipelines.sources.zendesk import ZENDESK

_ALL = (
    ANY_HTTP,
    CHATWOOT,
    DELIGHTED,
    FRESHDESK,
    INTERCOM,
    OBJECT_STORAGE,
    QUALTRICS,
    SFTP,
    SURVEYMONKEY,
    TYPEFORM,
    ZENDESK,
)
SERVICES: dict[str, Service] = {service.kind: service for service in _ALL}
