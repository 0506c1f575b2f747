"""python -m tests.bench.audience ADDRESS --viewers N --seconds S --data FOLDER: people who keep the live page open, without browsers.

Each speaks Streamlit's socket as its browser part does: keeps what it may keep, asks again when its watch is due, and takes the
redraw. Prints one JSON object: when versions were published, and every redraw of every viewer, in seconds since the start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from warehouse.connection import numbered_versions

JOINING_SECONDS = 20
LOOK_SECONDS = 0.02
# As Streamlit's browser part: a large message is kept until two runs went by without it.
KEPT_RUNS = 2
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Redraw:
    """One run that draws the page, as a viewer saw it. `asked`: when the viewer asked for it or, where the server began by itself, when
    it began."""

    asked: float
    began: float
    ended: float
    bytes: int


@dataclass
class Viewer:
    """One visitor with their page open."""

    query: str
    clock: Callable[[], float]
    # Whether the page is drawn by what the viewer's browser asks for now and then; else by the server.
    redraws_by_watch: bool = False
    redraws: list[Redraw] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)
    # The page's, once the server has told it; what is asked for by a timer names it.
    page_hash: str = ""
    asked: float = 0.0
    began: float | None = None
    bytes: int = 0
    watches: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def stay(self, address: str, page: str, until: float) -> None:
        """Looks at the page until the clock says so; what ends it earlier is a problem."""
        try:
            async with connect(
                f"ws://{urlsplit(address).netloc}/_stcore/stream",
                origin=address,
                subprotocols=["streamlit"],
                max_size=None,
                ping_timeout=120,
            ) as socket:
                await self.ask(socket, page)
                async with asyncio.timeout(max(until - self.clock(), 0.1)):
                    while True:
                        self.take(await socket.recv(), socket, page)
        except TimeoutError:
            return
        except (ConnectionClosed, OSError) as error:
            self.problems.append(f"dropped at {self.clock():.1f} s: {error!r}")
        finally:
            self.forget_watches()

    async def ask(self, socket: ClientConnection, page: str, fragment: str = "") -> None:
        asked = BackMsg()
        run = asked.rerun_script
        run.query_string, run.page_name, run.fragment_id, run.is_auto_rerun = self.query, page, fragment, bool(fragment)
        run.page_script_hash = self.page_hash if fragment else ""
        run.cached_message_hashes.extend(self.kept)
        run.context_info.locale, run.context_info.color_scheme, run.context_info.timezone = "en-GB", "light", "UTC"
        self.asked = self.clock()
        await socket.send(asked.SerializeToString())

    def take(self, payload: str | bytes, socket: ClientConnection, page: str) -> None:
        sent = ForwardMsg()
        sent.ParseFromString(payload if isinstance(payload, bytes) else payload.encode())
        self.bytes += len(payload)
        kind = sent.WhichOneof("type")
        if kind == "new_session":
            self.page_hash = sent.new_session.page_script_hash
            self.begin(list(sent.metadata.run.fragment_ids))
        elif kind == "script_finished" and sent.script_finished in ENDS:
            self.redrawn()
        elif kind == "auto_rerun":
            watch = self.watch(socket, page, sent.auto_rerun.fragment_id, sent.auto_rerun.interval)
            if sent.auto_rerun.fragment_id not in self.watches:
                self.watches[sent.auto_rerun.fragment_id] = asyncio.create_task(watch)
            else:
                watch.close()
        elif kind == "delta" and sent.delta.new_element.WhichOneof("type") == "exception":
            self.problems.append(f"an error at {self.clock():.1f} s: {sent.delta.new_element.exception.message}")
        if sent.metadata.cacheable or kind == "ref_hash":
            self.kept[sent.ref_hash or sent.hash] = len(self.redraws)

    def begin(self, fragments: list[str]) -> None:
        """A run of the page begins: of all of it or, where the server asked for it, of the part that follows the data."""
        is_watch = bool(fragments) and set(fragments) <= set(self.watches)
        if is_watch and not self.redraws_by_watch:
            return
        self.began, self.bytes = self.clock(), 0
        if fragments and not is_watch:
            self.asked = self.began
        if not fragments:
            self.forget_watches()

    def redrawn(self) -> None:
        if self.began is not None:
            self.redraws.append(Redraw(self.asked, self.began, self.clock(), self.bytes))
            self.began = None
        self.kept = {key: run for key, run in self.kept.items() if len(self.redraws) - run <= KEPT_RUNS}

    async def watch(self, socket: ClientConnection, page: str, fragment: str, interval: float) -> None:
        """Asks for the fragment that looks for newer data, as often as it wants to be asked."""
        while True:
            await asyncio.sleep(interval)
            await self.ask(socket, page, fragment)

    def forget_watches(self) -> None:
        for watch in self.watches.values():
            watch.cancel()
        self.watches.clear()


async def publications(folder: Path, clock: Callable[[], float]) -> dict[int, float]:
    """When each version was seen that came after the start; ends with its task."""
    seen = set(numbered_versions(folder))
    found: dict[int, float] = {}
    try:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for version in set(numbered_versions(folder)) - seen:
                seen.add(version)
                found[version] = clock()
    except asyncio.CancelledError:
        return found


async def audience(asked: argparse.Namespace) -> str:
    """So many viewers who come one after the other; the queries are dealt out in turn."""
    start = time.perf_counter()

    def clock() -> float:
        return time.perf_counter() - start

    async def come(viewer: Viewer, place: int) -> None:
        await asyncio.sleep(min(JOINING_SECONDS, asked.seconds / 4) * place / asked.viewers)
        await viewer.stay(asked.address, asked.page, asked.seconds)

    queries = asked.query or [""]
    everyone = [Viewer(queries[place % len(queries)], clock, asked.redraws_by_watch) for place in range(asked.viewers)]
    looking = asyncio.create_task(publications(asked.data, clock))
    await asyncio.gather(*(come(viewer, place) for place, viewer in enumerate(everyone)))
    looking.cancel()
    said = [
        {"redraws": [asdict(redraw) for redraw in viewer.redraws], "problems": viewer.problems} for viewer in everyone
    ]
    return json.dumps({"published": await looking, "viewers": said})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audience", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--page", default="")
    parser.add_argument("--query", action="append", help="of the page's address, several are dealt out in turn")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--data", type=Path, required=True, help="the folder that versions are published in")
    parser.add_argument(
        "--redraws-by-watch", action="store_true", help="the page is drawn by what browsers ask for now and then"
    )
    print(asyncio.run(audience(parser.parse_args())))


if __name__ == "__main__":
    main()
