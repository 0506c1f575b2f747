"""The queries that find survey responses in pages say the same in the DuckDB that analysts' tools still bring."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.fake_qualtrics import about, response
from tests.fake_surveys import delighted_response, form_of, form_response, monkey_details, monkey_response
from tests.older_client import BINARY
from warehouse import page_queries
from warehouse.connection import read_sql

NUMBERS = range(1, 6)
PAGES: dict[str, list[tuple[str, Any]]] = {
    "qualtrics": [
        ("/API/v3/surveys/SV_1", about("SV_1")),
        ("/API/v3/surveys/SV_1/export-responses/f/file", {"responses": [response(number) for number in NUMBERS]}),
    ],
    "surveymonkey": [
        ("/v3/surveys/1/details", monkey_details("1")),
        ("/v3/surveys/1/responses/bulk", {"data": [monkey_response("1", number) for number in NUMBERS]}),
    ],
    "typeform": [
        ("/forms/a", form_of("a")),
        ("/forms/a/responses", {"items": [form_response(number) for number in NUMBERS]}),
    ],
    "delighted": [("/v1/survey_responses.json", [delighted_response(number) for number in NUMBERS])],
}


def _page_file(folder: Path, service: str) -> str:
    path = folder / f"00000001-{'0' * 32}-responses%2F1.jsonl.gz"
    lines = [json.dumps({"address": address, "body": body}) + "\n" for address, body in PAGES[service]]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return str(path)


@pytest.mark.parametrize("service", PAGES)
def test_the_older_duckdb_finds_the_same_responses(tmp_path: Path, service: str) -> None:
    scan = page_queries.scan_of_query(f"{service}/survey", [_page_file(tmp_path, service)])
    query = f"select to_json(found)::varchar as found from {scan} as found order by all"
    with duckdb.connect() as connection:
        page_queries.set_up(connection)
        ours = [json.loads(found) for (found,) in connection.execute(query).fetchall()]
    macros = ";\n".join([page_queries._LACKS, page_queries._FLAT, *map(read_sql, page_queries.WORDS)])
    said = subprocess.run([BINARY, "-json", "-c", f"{macros};\n{query};"], capture_output=True, text=True, check=True)
    assert [json.loads(row["found"]) for row in json.loads(said.stdout)] == ours
    assert len(ours) == len(NUMBERS)
