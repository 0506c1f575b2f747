"""A PDF of an HTML page, by a browser of this machine where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from warehouse.errors import SupportError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
MAC_BROWSERS = ("Google Chrome", "Chromium", "Microsoft Edge")
PDF_SECONDS = 60
NO_BROWSER = (
    "A PDF needs Chromium, Chrome or Edge on the machine that serves this dashboard, and there is none. "
    "Print the page instead: it fits one A4 page."
)


class NoPdf(SupportError):
    """The PDF could not be made."""


def browser() -> str | None:
    """The browser of this machine that makes PDFs; None where there is none."""
    on_mac = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC_BROWSERS)
    return next(filter(None, map(shutil.which, (*BROWSERS, *on_mac))), None)


def of_page(page: str) -> bytes:
    """The PDF of a document; raises NoPdf where there is no browser, or it fails or takes too long."""
    found = browser()
    if found is None:
        raise NoPdf(NO_BROWSER)
    with tempfile.TemporaryDirectory(prefix="weekly-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "week.html"), Path(folder, "week.pdf")
        source.write_text(page, encoding="utf-8")
        try:
            subprocess.run(
                _printing(found, folder, source, target), check=True, timeout=PDF_SECONDS, capture_output=True
            )
            return target.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise NoPdf(f"{Path(found).name} could not make the PDF: {error}") from error


def _printing(found: str, folder: str, source: Path, target: Path) -> list[str]:
    """The command. Chromium has no sandbox for root; the page may fetch nothing and run no script in any case (its own policy)."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [
        found,
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        *(["--no-sandbox"] if is_root else []),
        f"--user-data-dir={folder}/profile",
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        source.as_uri(),
    ]
