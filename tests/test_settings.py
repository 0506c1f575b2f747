"""support.toml is checked when read: a mistake is one line that names the key and what is allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipelines.__main__ import main
from warehouse.errors import SettingsError
from warehouse.settings import Settings, load

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = '[sources.desk]\npath = "."\nrows = "ticket"\n'


def _mistake(tmp_path: Path, text: str) -> str:
    path = tmp_path / "support.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[dta]\n", ["unknown key dta", "data", "sources"]),
        ('[data]\nfoldr = "x"\n', ["unknown key data.foldr", "folder"]),
        ('[data]\nkeep_landed = "soon"\n', ["data.keep_landed", "90d, nor forever"]),
        ('[data]\nkeep_landed = "0s"\n', ["data.keep_landed", "greater than 0"]),
        ("[dashboard]\nport = 99999\n", ["dashboard.port", "65535"]),
        ('[clock]\ntime_zone = "Berlin"\n', ["clock.time_zone", "Europe/Berlin"]),
        ('[schedule]\nrefresh = "soon"\n', ["schedule.refresh", "20s, 5m"]),
        ('[schedule]\nrefresh_cron = "every day"\n', ["schedule.refresh_cron", "30 3 * * *"]),
        ('[clock]\nas_of = "2026-01-01T00:00:00"\n', ["clock.as_of", "timezone"]),
        ('[sources.desk]\npath = "."\nrows = "tickets"\n', ["sources.desk.rows", "'ticket'"]),
        (SOURCE + 'format = "xls"\n', ["sources.desk.format", "xlsx"]),
        (SOURCE + 'columns.creatd_at = "Created"\n', ["sources.desk", "columns.creatd_at", "created_at"]),
        (
            SOURCE + 'columns.created_at = { colum = "Created" }\n',
            ["unknown key sources.desk.columns.created_at.colum", "column"],
        ),
        ('[[targets]]\nmetric = "answer"\nwithin = "1m"\n', ["targets.metric", "first_response"]),
        (
            '[[targets]]\nmetric = "resolution"\nwithin = "1m"\nsince = 2026-02-01\nuntil = 2026-01-01\n',
            ["targets", "until 2026-01-01 is before since 2026-02-01"],
        ),
        ('[[schedules]]\nname = "A"\nhours = { monday = "09:00-17:00" }\n', ["schedules", "hours.monday", "mon-fri"]),
        ('[[schedules]]\nname = "A"\nhours = { mon = "9-17" }\n', ["schedules", "'9-17'", "09:00-17:00"]),
        ('[[schedules]]\nname = "A"\nhours = { mon = "09:00-24:30" }\n', ["schedules", "'09:00-24:30'"]),
        (
            '[[schedules]]\nname = "A"\nhours = {}\nholidays = ["Christmas"]\n',
            ["schedules", "'Christmas'", "2026-12-25"],
        ),
        ('[[schedules]]\nname = "A"\nhours = {}\nzone = "UTC"\n', ["unknown key schedules.zone", "time_zone"]),
        ('[[schedules]]\nname = "A"\nhours = {}\n[[schedules]]\nname = "A"\nhours = {}\n', ["schedules", "'A'"]),
        ('[sources.desk]\npath = "."\n', ["sources.desk", "rows", "ticket"]),
        ('[sources.desk]\npath = "."\nkind = "zendesks"\n', ["sources.desk.kind", "zendesk_tables", "zendesk,"]),
        ('[sources.desk]\nkind = "zendesk"\n', ["sources.desk.address"]),
        (
            '[sources.desk]\nkind = "zendesk"\naddress = "https://a.b"\npattern = "*"\n',
            ["sources.desk", "pattern", "every"],
        ),
        (
            '[sources.desk]\nkind = "zendesk"\naddress = "http://a.b"\n',
            ["sources.desk", "not encrypted", "without_tls"],
        ),
        ('[sources.desk]\nkind = "http"\naddress = "https://a.b"\n', ["sources.desk", "needs `rows`"]),
        (
            '[sources.desk]\nkind = "zendesk"\naddress = "x"\napi_key = "y"\n',
            ["sources.desk.api_key", "looks like a secret"],
        ),
        (
            '[sources.desk]\npath = "."\nkind = "zendesk_tables"\nformat = "csv"\n',
            ["sources.desk", "format", "path and part_of"],
        ),
        ("this is not toml", ["not valid TOML"]),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key_and_what_is_allowed(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    message = _mistake(tmp_path, text)
    assert all(part in message for part in parts), message


def test_a_missing_settings_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--settings", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_folder_of_a_source_is_one_line_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "support.toml"
    path.write_text('[sources.desk]\npath = "nowhere/*.csv"\nrows = "ticket"\n', encoding="utf-8")
    assert main(["run", "--settings", str(path)]) == 2
    message = capsys.readouterr().err
    assert "sources.desk.path" in message
    assert "nowhere" in message
    assert message.count("\n") == 1


def test_folders_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "support.toml"
    path.write_text(SOURCE, encoding="utf-8")
    settings = load(path)
    assert settings.data.folder == tmp_path / "data"


def test_the_settings_we_ship_are_valid_and_mention_every_section() -> None:
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    Settings.model_validate(raw)
    assert raw.keys() | {"access"} == Settings.model_fields.keys()
    # A login is off until somebody is named, so its section stands there as a comment that is valid once it is none.
    commented = text[text.index("# [access]") : text.index("[privacy]")]
    assert Settings.model_validate(tomllib.loads(re.sub(r"(?m)^# ?", "", commented))).access is not None
