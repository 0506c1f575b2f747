"""A folder of exports on an SFTP server, whose host key support.toml names."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import asyncssh

from pipelines.sources import folder
from pipelines.sources.files import SETTLE_SECONDS
from pipelines.sources.folder import Found, Gone
from pipelines.sources.http import Backoff
from pipelines.sources.patience import AskAgain, Patience
from pipelines.sources.pause import Pause
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import AccessRefused, AnswerRefused, SettingsError, SourceUnreachable
from warehouse.sources import RemoteSource
from warehouse.texts import one_line

PORT = 22
BLOCK = 1 << 18
# No answer of the server takes longer, nor does a block of a file.
TIMEOUT = 30.0
# While a server is silent, this often is looked whether the time of the pull is up.
LOOK_SECONDS = 0.25
# A file that changed within this time is looked at twice: clocks differ by less.
YOUNG_SECONDS = 120.0
ATTEMPTS = 6

T = TypeVar("T")


def _lacks(source: RemoteSource, secrets: Mapping[str, str]) -> tuple[str, ...]:
    return () if "key" in secrets or "password" in secrets else ("key",)


def _pull_files(pull: Pull) -> None:
    """What is new in the folder. A connection that breaks is made again; what was kept before stays."""
    patience = Patience(Backoff(first=pull.source.first_wait, attempts=ATTEMPTS))
    try:
        patience.attempts(pull.pause)(_one_look, pull)
    except AskAgain as last:
        raise SourceUnreachable(
            f"{_host(pull.source)}: {patience.told()}. The next pull tries again; if this goes on, look whether the server is up and can be"
            " reached from here."
        ) from last


def _one_look(pull: Pull) -> None:
    with _connected(pull) as server:
        found = server.settled(list(server.files(pull)), pull.pause)
        folder.keep_new(pull, found, server.content)


class Server:
    """A connection, from within a thread of its own: each call waits for the server, as long as the pull has time."""

    def __init__(self, pause: Pause, place: str) -> None:
        self._pause, self._place, self._loop = pause, place, asyncio.new_event_loop()
        self._base = "."

    def connect(self, source: RemoteSource, secrets: Mapping[str, str]) -> None:
        """Raises AccessRefused where the server is another one than the one named, or takes no such user."""
        self._base = _path(source)
        self._connection = self.wait(_connection(source, secrets))
        self._sftp = self.wait(self._connection.start_sftp_client(path_encoding="utf-8", path_errors="surrogateescape"))

    def close(self) -> None:
        """Ends the connection without waiting for the server."""
        if hasattr(self, "_connection"):
            self._connection.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def wait(self, call: Awaitable[T]) -> T:
        """What the server answers. Raises AskAgain where the connection breaks or it is silent, TimeUp where the time of the pull is up."""
        task, ends = self._loop.create_task(_awaited(call)), time.monotonic() + TIMEOUT
        while not task.done():
            self._loop.run_until_complete(asyncio.wait({task}, timeout=LOOK_SECONDS))
            if not task.done() and (self._pause.left() <= 0 or time.monotonic() > ends):
                task.cancel()
                self._loop.run_until_complete(asyncio.wait({task}, timeout=LOOK_SECONDS))
                self._pause.check()
                raise AskAgain(f"there was no answer within {TIMEOUT:.0f} s")
        return _answered(task, self._place)

    def files(self, pull: Pull, inside: str = "") -> Iterator[Found]:
        """The files below the folder that the source wants; folders are gone into only as deep as its pattern says."""
        pattern = pull.source.pattern.split("/")
        for entry in self._entries(self._at(inside)):
            name = str(entry.filename)
            path, there = (
                f"{inside}{name}",
                self._followed(f"{inside}{name}") if _is(entry.attrs, stat.S_ISLNK) else entry.attrs,
            )
            if name in (".", "..") or there is None or there.mtime is None:
                continue
            deeper = len(path.split("/")) < len(pattern) or "**" in pattern
            if _is(entry.attrs, stat.S_ISDIR) and deeper and not name.startswith("."):
                yield from self.files(pull, f"{path}/")
            elif _is(there, stat.S_ISREG) and folder.is_wanted(path, pull, _modified_at(there)):
                yield Found(path, there.size or 0, _modified_at(there))

    def _entries(self, path: str) -> Iterator[asyncssh.SFTPName]:
        """What is in a folder, as the server tells it: a large one takes longer than a single answer may."""
        entries = self._sftp.scandir(path)
        while (entry := self.wait(anext(entries, None))) is not None:
            yield entry

    def settled(self, found: list[Found], pause: Pause) -> list[Found]:
        """Those of the files that nobody is still writing."""
        young = [file for file in found if time.time() - file.modified_at.timestamp() < YOUNG_SECONDS]
        if young:
            pause.sleep(SETTLE_SECONDS)
        unsettled = {file.path for file in young if not self._is_as(file)}
        return [file for file in found if file.path not in unsettled]

    def content(self, file: Found) -> Iterator[bytes]:
        """A file's blocks. Raises Gone where it is another one at the end than it was at the beginning."""
        try:
            opened, size = self.wait(self._sftp.open(self._at(file.path), "rb")), 0
            while block := self.wait(opened.read(BLOCK)):
                assert isinstance(block, bytes)
                yield block
                size += len(block)
                self._pause.check()
            self.wait(opened.close())
        except AnswerRefused as error:
            raise Gone from error
        if size != file.bytes or not self._is_as(file):
            raise Gone

    def _is_as(self, file: Found) -> bool:
        attributes = self._followed(file.path)
        return (
            attributes is not None
            and attributes.mtime is not None
            and (attributes.size, _modified_at(attributes)) == (file.bytes, file.modified_at)
        )

    def _followed(self, path: str) -> asyncssh.SFTPAttrs | None:
        """What is at the end of a link, or at a path now; None where there is nothing."""
        try:
            found: asyncssh.SFTPAttrs = self.wait(self._sftp.stat(self._at(path)))
            return found
        except AnswerRefused:
            return None

    def _at(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}".rstrip("/") or "/"


@contextmanager
def _connected(pull: Pull) -> Iterator[Server]:
    server = Server(pull.pause, _host(pull.source))
    try:
        server.connect(pull.source, pull.secrets)
        yield server
    finally:
        server.close()


async def _connection(source: RemoteSource, secrets: Mapping[str, str]) -> asyncssh.SSHClientConnection:
    parts = urlsplit(source.address)
    expected = _host_key(source)
    shown = Shown()
    try:
        return await asyncssh.connect(
            parts.hostname or "",
            parts.port or PORT,
            username=source.user,
            password=secrets.get("password"),
            client_keys=[_private_key(source, secrets)] if "key" in secrets else None,
            known_hosts=([expected], [], []),
            client_factory=lambda: shown,
            config=None,
            agent_path=None,
            gss_auth=False,
            gss_kex=False,
            connect_timeout=TIMEOUT,
            login_timeout=TIMEOUT,
            keepalive_interval=TIMEOUT / 2,
        )
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
        key = shown.key
        said = (
            f"shows the host key {key.get_fingerprint()}" if key else f"has no such host key ({one_line(str(error))})"
        )
        raise AccessRefused(
            f"{_host(source)} {said}, and host_key of its source in support.toml is {expected.get_fingerprint()}. If the server has a new key,"
            " ask its owner for it; otherwise somebody stands between."
        ) from None


class Shown(asyncssh.SSHClient):
    """What a server shows that is not the host key we know."""

    key: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.key = key
        return False


async def _awaited(call: Awaitable[T]) -> T:
    return await call


def _answered(task: asyncio.Task[T], place: str) -> T:
    """The result, or what went wrong as one of ours."""
    try:
        return task.result()
    except asyncssh.PermissionDenied as error:
        raise AccessRefused(
            f"{place} refuses the user of this source: check `user`, its key or its password."
        ) from error
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory) as error:
        raise AnswerRefused(
            f"{place} has no such folder or file ({one_line(error.reason)}): check `address`."
        ) from error
    except asyncssh.SFTPPermissionDenied as error:
        raise AccessRefused(f"{place} does not let this user read there ({one_line(error.reason)}).") from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise AskAgain(one_line(str(error)) or type(error).__name__) from error


def _is(attributes: asyncssh.SFTPAttrs, what: Callable[[int], bool]) -> bool:
    return attributes.permissions is not None and what(attributes.permissions)


def _modified_at(attributes: asyncssh.SFTPAttrs) -> datetime:
    return datetime.fromtimestamp(attributes.mtime or 0, UTC)


def _host(source: RemoteSource) -> str:
    return urlsplit(source.address).netloc.rpartition("@")[2]


def _path(source: RemoteSource) -> str:
    """The folder on the server; `/~/exports` is below the home of the user."""
    parts = urlsplit(source.address)
    if parts.scheme != "sftp" or not parts.hostname or "@" in parts.netloc:
        raise SettingsError(
            'address of a source of kind = "sftp" is written sftp://host/folder or sftp://host:port/folder'
        )
    path = unquote(parts.path)
    return f"./{path.removeprefix('/~/')}" if path.startswith("/~/") else path or "/"


def _host_key(source: RemoteSource) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(source.host_key or "")
    except asyncssh.KeyImportError as error:
        raise SettingsError(
            f'host_key is no public key such as "ssh-ed25519 AAAA...", which `ssh-keyscan {_host(source)}` shows'
        ) from error


def _private_key(source: RemoteSource, secrets: Mapping[str, str]) -> asyncssh.SSHKey:
    """The secret `key`: the text of a private key, or the path of its file."""
    text, passphrase = secrets["key"], secrets.get("passphrase")
    try:
        if "PRIVATE KEY" in text:
            return asyncssh.import_private_key(text, passphrase)
        return asyncssh.read_private_key(Path(text).expanduser(), passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError):
        # What the library says may quote what stands there.
        raise SettingsError(
            f"the key of {_host(source)} cannot be read: the secret must be the text of a private key (-----BEGIN ...) or the path of its"
            " file, and `passphrase` what it is locked with"
        ) from None


SFTP = Service("sftp", {folder.ENDPOINT: _pull_files}, optional_secrets=("key", "password", "passphrase"), lacks=_lacks)
