"""The README's worked example, done as it says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests import older_client

PROJECT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_worked_example_prints_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = BLOCK.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    for _, name, text in blocks:
        if name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (load, *further) = [text.splitlines() for kind, _, text in blocks if kind == "console"]
    assert main(load[0].removeprefix("$ python -m pipelines ").split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split(" (pull")[0] == load[1]
    assert printed[1:] == load[2:]
    for command, *expected in further:
        assert _printed(command) == expected
    for snippet in [text for kind, _, text in blocks if kind == "python"]:
        exec(
            compile(snippet, "README.md", "exec"), {}
        )  # the README's own lines, as typed into Python or a notebook's cell
        assert "A-3" in capsys.readouterr().out


def _printed(command: str) -> list[str]:
    """What `$ duckdb ...` prints, by the command line of 1.5."""
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "duckdb"
    done = subprocess.run([older_client.BINARY, *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_every_file_the_readme_names_is_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PROJECT / target).exists(), target
