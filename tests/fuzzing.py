"""Export files gone wrong in every way we know, and in ways that nobody knows: each with the ids of the rows that must be loaded all the same."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ["ticket_id", "created_at", "status"]
Row = dict[str, str]


@dataclass(frozen=True)
class Bad:
    """A file of some feed. `must` are ids that have to be loaded; `is_refused`: nothing of it may be."""

    feed: str
    name: str
    content: bytes
    must: frozenset[str] = frozenset()
    is_refused: bool = False


def rows(random: Random, name: str) -> list[Row]:
    return [
        {
            "ticket_id": f"{name}-{place}",
            "created_at": f"2026-01-{1 + place:02d}T10:00:00Z",
            "status": random.choice(["new", "open", "solved"]),
        }
        for place in range(random.randint(1, 20))
    ]


def ids(found: list[Row]) -> frozenset[str]:
    return frozenset(row["ticket_id"] for row in found)


def as_csv(found: list[Row], end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([COLUMNS, *(list(row.values()) for row in found)])
    return text.getvalue()


def _spoiled(random: Random, found: list[Row], **values: str) -> tuple[list[Row], frozenset[str]]:
    """The rows, some of them with other values, and the ids of the others."""
    spoiled = random.sample(range(len(found)), random.randint(1, len(found)))
    kept = ids([row for place, row in enumerate(found) if place not in spoiled])
    return [row | values if place in spoiled else row for place, row in enumerate(found)], kept


def flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, 20)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _without(found: list[Row], column: str) -> str:
    """CSV without a column."""
    cells = [dict(zip(COLUMNS, COLUMNS, strict=True)), *found]
    return "".join(",".join(value for name, value in row.items() if name != column) + "\n" for row in cells)


Made = tuple[bytes, frozenset[str], bool]


def _lines(random: Random, found: list[Row]) -> list[Made]:
    """CSV files: content, ids that must be loaded, whether the file must be refused."""
    everything, text = ids(found), as_csv(found)
    header, *lines = text.splitlines(keepends=True)
    cut = random.randrange(len(header), len(text) + 1)
    whole = frozenset(line.split(",")[0] for line in text[:cut].splitlines(keepends=True)[1:] if line.endswith("\n"))
    misdated, dated = _spoiled(random, found, created_at="soon")
    nameless, named = _spoiled(random, found, ticket_id="")
    french, plain = _spoiled(random, found, status="rejeté")
    unclosed = random.randrange(len(found))
    quoted = [row | {"status": "QUOTE"} if place == unclosed else row for place, row in enumerate(found)]
    unquoted = everything - {found[unclosed]["ticket_id"]}
    shuffled = random.sample(lines, len(lines))
    ragged = random.randrange(len(lines))
    others = everything - {found[ragged]["ticket_id"]}
    more, fewer = list(lines), list(lines)
    more[ragged], fewer[ragged] = lines[ragged].replace("\n", ",more,and more\n"), lines[ragged].split(",")[0] + "\n"
    return [
        (text[:cut].encode(), whole, False),
        ((text + text).encode(), everything, False),
        ((header + "".join(shuffled)).encode(), everything, False),
        (as_csv(misdated).encode(), dated, False),
        (as_csv(nameless).encode(), named, False),
        (as_csv(french).encode("latin-1"), plain, False),
        (as_csv(quoted).replace("QUOTE", '"open').encode(), unquoted, False),
        ((header + "".join(more)).encode(), others, False),
        ((header + "".join(fewer)).encode(), others, False),
        (_without(found, "status").encode(), everything, False),
        (_without(found, "created_at").encode(), frozenset(), True),
        (_without(found, "ticket_id").encode(), frozenset(), True),
        (text.replace("status", "State").encode(), everything, False),
        (text.replace("created_at", "Opened").encode(), frozenset(), True),
        ("".join(line.rstrip("\n") + ",more\n" for line in (header, *lines)).encode(), everything, False),
        (
            "".join(line.rstrip("\n") + random.choice(["\n", "\r\n"]) for line in (header, *lines)).encode(),
            everything,
            False,
        ),
        (as_csv(found, "\r\n").encode(), everything, False),
        (as_csv(found, "\r").encode(), everything, False),
        (b"\xef\xbb\xbf" + text.encode(), everything, False),
        (text.encode("utf-16"), frozenset(), True),
        (text.replace("open", "op\0en").encode(), everything, False),
        (text.replace("open", "x" * random.choice([10_000, 200_000])).encode(), everything, False),
        (("Report of today,,\n,,\n" + text).encode(), frozenset(), True),
        (b"<html><body>Log in</body></html>", frozenset(), True),
        (b"", frozenset(), True),
        (header.encode(), frozenset(), False),
        (bytes(random.randrange(256) for _ in range(300)), frozenset(), False),
        (gzip.compress(text.encode()), everything, False),
        (gzip.compress(text.encode())[: -random.randint(1, 20)], frozenset(), True),
        (flipped(random, text.encode()), frozenset(), False),
        (flipped(random, gzip.compress(text.encode())), frozenset(), False),
    ]


def _objects(random: Random, found: list[Row]) -> list[Made]:
    """JSON files, with a row each line."""
    lines = [json.dumps(row) for row in found]
    everything, text = ids(found), "\n".join(lines) + "\n"
    place = len(lines) - 1  # a file that begins with a bracket is a list
    others = everything - {found[place]["ticket_id"]}
    cut = random.randrange(len(text) + 1)
    whole = frozenset(
        json.loads(line)["ticket_id"] for line in text[:cut].splitlines(keepends=True) if line.endswith("\n")
    )

    def spoil(line: str) -> bytes:
        return "\n".join([*lines[:place], line, *lines[place + 1 :]]).encode()

    nested = "[" * random.choice([100, 20_000])
    return [
        (text[:cut].encode(), whole, False),
        ((text + text).encode(), everything, False),
        ("\n".join(random.sample(lines, len(lines))).encode(), everything, False),
        *(
            (spoil(line), others, False)
            for line in ("{", "null", "[1, 2]", '"text"', "{}", nested, '{"ticket_id": {"a": 1}}')
        ),
        (spoil(json.dumps(found[place] | {"status": "x" * 200_000})), everything, False),
        (spoil(json.dumps(found[place] | {"more": [[[]]], "created_at": None})), others, False),
        (text.replace("\n", "\r\n").encode(), everything, False),
        (b"\xef\xbb\xbf" + text.encode(), everything, False),
        (f"[{','.join(lines)}]".encode(), everything, False),
        (json.dumps(found, indent=2).encode(), everything, False),
        (f"[1, null, {','.join(lines)}, [], {{}}]".encode(), everything, False),
        (f"[{','.join(lines)},".encode(), frozenset(), True),
        (f"[{','.join(lines)}]]".encode(), frozenset(), False),
        (b"<!DOCTYPE html>\n<html></html>", frozenset(), True),
        (gzip.compress(text.encode()), everything, False),
        (gzip.compress(text.encode())[: -random.randint(1, 20)], frozenset(), True),
        (flipped(random, text.encode()), frozenset(), False),
        (flipped(random, f"[{','.join(lines)}]".encode()), frozenset(), False),
    ]


def _book(rows_of: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows_of:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sheets(random: Random, found: list[Row]) -> list[Made]:
    cells = [list(row.values()) for row in found]
    whole = _book([COLUMNS, *cells])
    return [
        (whole, ids(found), False),
        (_book([["Report"], [], COLUMNS, *cells]), frozenset(), True),
        (whole[: random.randrange(len(whole))], frozenset(), True),
        (as_csv(found).encode(), frozenset(), True),
        *((flipped(random, whole), frozenset(), False) for _ in range(4)),
    ]


def _tables(random: Random, found: list[Row]) -> list[Made]:
    content = io.BytesIO()
    pq.write_table(pa.table({name: [row[name] for row in found] for name in COLUMNS}), content)
    whole = content.getvalue()
    return [
        (whole, ids(found), False),
        (whole[: random.randrange(len(whole))], frozenset(), True),
        *((flipped(random, whole), frozenset(), False) for _ in range(4)),
    ]


MAKERS: dict[str, Callable[[Random, list[Row]], list[Made]]] = {
    "csv": _lines,
    "json": _objects,
    "xlsx": _sheets,
    "parquet": _tables,
}
ODD_NAMES = ("a b", "ü", "it's", 'say "no"', "[x]", "*", "=1+1", "$a", "a;b", "a\nb", "%2F")


def files(random: Random, batch: int) -> list[Bad]:
    """Every kind of bad file once, of ever other rows, in random order."""
    found = []
    for feed, make in MAKERS.items():
        for place in range(len(make(random, rows(random, "x")))):
            name = f"{batch}-{feed}-{place}"
            content, must, is_refused = make(random, rows(random, name))[place]
            found.append(Bad(feed, f"{random.choice(ODD_NAMES)} {name}.{feed}", content, must, is_refused))
    return random.sample(found, len(found))
