"""The README's worked example, done as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.__main__ import main

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
    ((command, *expected),) = [text.splitlines() for kind, _, text in blocks if kind == "console"]
    assert main(command.removeprefix("$ python -m pipelines ").split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split(" (pull")[0] == expected[0]
    assert printed[1:] == expected[1:]
    (snippet,) = [text for kind, _, text in blocks if kind == "python"]
    exec(compile(snippet, "README.md", "exec"), {})  # the README's own lines
    assert "A-3" in capsys.readouterr().out


def test_every_file_the_readme_names_is_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PROJECT / target).exists(), target
