"""Exports in object storage: S3 and what speaks it, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore import exceptions
from obstore.store import from_url

from pipelines.sources import folder
from pipelines.sources.folder import Found, Gone
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import AccessRefused, AnswerRefused, SettingsError, SourceUnreachable
from warehouse.sources import RemoteSource
from warehouse.texts import one_line

BLOCK = 1 << 20
OBJECTS_A_CHUNK = 200
# No connection and no block of an object takes longer.
CONNECTING, READING = timedelta(seconds=10), timedelta(seconds=30)
ATTEMPTS, LONGEST_RETRYING = 6, 60.0
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# The settings of the library that our secrets are, by the scheme of the address.
SECRETS = {
    "s3": {"access_key": "access_key_id", "secret_key": "secret_access_key", "token": "session_token"},
    "gs": {"key": "service_account_key"},
    "az": {"access_key": "account_key", "token": "sas_key"},
}
NEEDED = {"s3": ("access_key", "secret_key"), "gs": ("key",), "az": ("access_key",)}
REFUSED = re.compile(r"\b40[13]\b|Forbidden|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch")
CERTIFICATE = re.compile(r"InvalidCertificate\(\s*(\w+)")
CAUSE = re.compile(r"(?:message|error): \"([^\"]+)\"")


def _lacks(source: RemoteSource, secrets: Mapping[str, str]) -> tuple[str, ...]:
    scheme = urlsplit(source.address).scheme
    is_open = source.options.get("skip_signature") == "true" or (scheme == "az" and "token" in secrets)
    return () if is_open else tuple(part for part in NEEDED.get(scheme, ()) if part not in secrets)


def _pull_files(pull: Pull) -> None:
    with _said(pull):
        store = _store(pull)
        folder.keep_new(pull, list(_objects(pull, store)), lambda found: _content(pull, store, found))


def _objects(pull: Pull, store: Any) -> Iterator[Found]:
    """The objects below the address that the source wants."""
    for objects in obstore.list(store, chunk_size=OBJECTS_A_CHUNK):
        pull.pause.check()
        for meta in objects:
            # One without content marks a folder.
            if meta["size"] and folder.is_wanted(meta["path"], pull, meta["last_modified"]):
                yield Found(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or "")


def _content(pull: Pull, store: Any, found: Found) -> Iterator[bytes]:
    """An object's blocks. Raises Gone where it is not the listed one any more."""
    size = 0
    with _said(pull):
        try:
            got = obstore.get(store, found.path, options={"if_match": found.version} if found.version else None)
            for block in got.stream(min_chunk_size=BLOCK):
                yield bytes(block)
                size += len(block)
                pull.pause.check()
        except (exceptions.NotFoundError, FileNotFoundError, exceptions.PreconditionError) as error:
            raise Gone from error
    if size != found.bytes:
        raise Gone


def _store(pull: Pull) -> Any:
    """The library's client. Raises SettingsError where the address or an option is none that it knows."""
    source, left = pull.source, pull.pause.left()
    scheme = urlsplit(source.address).scheme
    if scheme not in SECRETS:
        raise SettingsError(
            f'sources.{pull.name}.address: with kind = "object_storage" it is written s3://bucket/folder, gs://bucket/folder or'
            " az://container/folder"
        )
    retrying = timedelta(seconds=max(min(left, LONGEST_RETRYING), 0.1))
    waits = {"init_backoff": timedelta(seconds=source.first_wait), "max_backoff": timedelta(seconds=15), "base": 2}
    config = {name: value for name, value in source.options.items() if name != "allow_http"}
    of_secrets = SECRETS[scheme]
    config |= {of_secrets[part]: _text(value) for part, value in pull.secrets.items() if part in of_secrets}
    retry = {"max_retries": ATTEMPTS - 1, "retry_timeout": retrying, "backoff": waits}
    # Its types know one overload a service; which one this is, the address says.
    return from_url(source.address, config=config, client_options=_client_options(pull), retry_config=retry)  # type: ignore[call-overload]


def _client_options(pull: Pull) -> dict[str, Any]:
    source = pull.source
    whole = timedelta(seconds=max(min(pull.pause.left(), source.longest_pull), 0.1))
    options: dict[str, Any] = {"connect_timeout": CONNECTING, "read_timeout": READING, "timeout": whole}
    if source.certificates:
        options["root_certificate"] = source.certificates.read_bytes()
    return options | {"allow_http": _may_go_without_tls(pull)}


def _may_go_without_tls(pull: Pull) -> bool:
    """Plain HTTP goes to this machine alone, unless support.toml says otherwise."""
    endpoint = urlsplit(next((value for name, value in pull.source.options.items() if "endpoint" in name), ""))
    if endpoint.scheme != "http":
        return False
    if endpoint.hostname not in THIS_MACHINE and pull.source.options.get("allow_http") != "true":
        raise SettingsError(
            f"sources.{pull.name}.options: {endpoint.netloc} would be asked without TLS, and everybody on the way could read along. Use"
            ' https://, or say allow_http = "true"'
        )
    return True


def _text(secret: str) -> str:
    """A secret; the key of a service account may be the path of its file."""
    return Path(secret).expanduser().read_text(encoding="utf-8") if secret.endswith(".json") else secret


@contextmanager
def _said(pull: Pull) -> Iterator[None]:
    """What the library says of a failure, as one of our errors."""
    try:
        yield
    except (exceptions.UnknownConfigurationKeyError, exceptions.NotSupportedError) as error:
        raise SettingsError(f"sources.{pull.name}.options: {_first_line(error)}") from None
    except (exceptions.NotFoundError, FileNotFoundError) as error:
        raise AnswerRefused(
            f"{pull.source.address} is not there ({_first_line(error)}): check `address`.", 404
        ) from None
    except exceptions.InvalidPathError as error:
        raise AnswerRefused(
            f"{pull.source.address} holds an object whose name the library cannot read ({_first_line(error)}): rename it, or name a folder"
            " without it as `address`."
        ) from None
    except exceptions.BaseError as error:
        said = _first_line(error)
        pull.pause.check()
        if certificate := CERTIFICATE.search(str(error)):
            raise SourceUnreachable(
                f"{pull.source.address}: the certificate of its endpoint is not trusted ({certificate[1]}). If the storage has an authority of"
                " its own, name a file with its certificate as `certificates` of the source in support.toml."
            ) from None
        if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError) or REFUSED.search(
            said
        ):
            raise AccessRefused(
                f"{pull.source.address} refuses access: {said}. Check the secrets of this source and what they may read."
            ) from None
        raise SourceUnreachable(
            f"{pull.source.address} gave no good answer: {said}. The next pull asks again; if this goes on, look whether it is up and can"
            " be reached from here."
        ) from None


def _first_line(error: BaseException) -> str:
    """What happened, without queries, in which a signature may stand; of what the library adds for its makers only the cause."""
    text, _, added = str(error).partition("\n\nDebug source")
    cause = CAUSE.findall(added)
    return one_line(re.sub(r"\?\S*", "", text))[:300] + (f" ({cause[-1]})" if cause else "")


OBJECT_STORAGE = Service(
    "object_storage",
    {folder.ENDPOINT: _pull_files},
    optional_secrets=("access_key", "secret_key", "token", "key"),
    lacks=_lacks,
)
