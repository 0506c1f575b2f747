"""Known vulnerabilities of what is installed, for `make lint`: python -m tests.audit. A finding fails; data that cannot be reached is said.

pip-audit by itself calls packages that its source of data does not know harmless: where that is all of them, nothing was looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

SECONDS = 5
PATIENCE_SECONDS = 120
COMMAND = ("-m", "pip_audit", "--local", "--format=json", "--progress-spinner=off", f"--timeout={SECONDS}")


def main() -> int:
    """Prints what was found; returns 1 for a finding or where pip-audit does not run at all."""
    try:
        done = subprocess.run(
            [sys.executable, *COMMAND], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"pip-audit skipped: no answer within {PATIENCE_SECONDS} s, dependencies were not audited")
        return 0
    return judged(done.stdout, done.stderr)


def judged(report: str, errors: str) -> int:
    """Prints what a report of pip-audit, or its errors where it made none, come to; returns the exit code."""
    last_words = (errors.strip().splitlines() or ["no reason given"])[-1]
    if not report.strip():
        is_missing = "No module named" in last_words or "usage:" in errors
        print(f"pip-audit {'does not run' if is_missing else 'skipped, its data cannot be reached'}: {last_words}")
        return int(is_missing)
    packages = json.loads(report)["dependencies"]
    audited = [package for package in packages if "skip_reason" not in package]
    findings = [_said(package, flaw) for package in audited for flaw in package["vulns"]]
    print("\n".join(findings) or _summary(len(audited), len(packages)))
    return int(bool(findings))


def _said(package: dict[str, Any], flaw: dict[str, Any]) -> str:
    mended = " or ".join(flaw["fix_versions"]) or "no version yet"
    return f"{package['name']} {package['version']}: {flaw['id']}, mended in {mended}"


def _summary(audited: int, installed: int) -> str:
    if not audited:
        return f"pip-audit skipped, its data cannot be reached: none of {installed} packages was audited"
    return f"pip-audit: no known vulnerability in {audited} of {installed} packages; of the others nothing is known"


if __name__ == "__main__":
    sys.exit(main())
