"""`make lint` fails for a known vulnerability, and says so where it could not look for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit import judged

PROJECT = Path(__file__).resolve().parents[1]
FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.2.1"], "aliases": [], "description": "It leaks."}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_finding_fails_and_names_the_version_that_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        judged(report(SOUND, {"name": "leaky", "version": "1.2", "vulns": [FLAW]}), "Found 1 known vulnerability") == 1
    )
    assert capsys.readouterr().out == "leaky 1.2: PYSEC-2026-1, mended in 1.2.1\n"


def test_no_finding_says_of_how_many_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(report(SOUND, UNKNOWN), "") == 0
    assert "no known vulnerability in 1 of 2 packages" in capsys.readouterr().out


def test_where_no_package_is_known_nothing_was_audited_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(report(UNKNOWN, UNKNOWN), "No known vulnerabilities found") == 0
    assert "skipped, its data cannot be reached: none of 2 packages" in capsys.readouterr().out


def test_a_pip_audit_that_does_not_run_fails() -> None:
    assert judged("", "/usr/bin/python: No module named pip_audit") == 1


def test_without_a_network_the_audit_is_skipped_with_a_line_within_half_a_minute() -> None:
    nowhere = {name: "http://127.0.0.1:9" for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")}
    environment = os.environ | nowhere | {"NO_PROXY": "", "no_proxy": "", "XDG_CACHE_HOME": os.devnull}
    command = [sys.executable, "-m", "tests.audit"]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("pip-audit skipped")


def test_lint_runs_the_audit() -> None:
    assert "-m tests.audit" in (PROJECT / "Makefile").read_text(encoding="utf-8")
