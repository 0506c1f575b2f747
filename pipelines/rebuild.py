"""python -m pipelines rebuild: the whole warehouse made again from what was delivered, beside the running one, and swapped in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines import rebuilt, snapshot
from pipelines.lock import make_writable
from pipelines.refresh import Pipelines, Report
from pipelines.sources import progress as pulls
from pipelines.waiting import PATIENCE_SECONDS, until
from warehouse.connection import newest_version
from warehouse.erasures import PEOPLE_FILE, TICKETS_FILE
from warehouse.errors import SupportError
from warehouse.journal import Arrival
from warehouse.privacy import KEY_FILE
from warehouse.settings import Settings

# As often it begins anew where people were erased meanwhile.
ATTEMPTS = 5
Say = Callable[[str], None]


def rebuild(settings: Settings, with_gone: bool, say: Say) -> list[str]:
    """Makes the warehouse again and returns what to say of it. Where a process serves the data folder, it swaps the new file in.

    `with_gone`: what was read from delivered files that are no longer kept is taken over. Raises SupportError where the new warehouse
    cannot be made or its checks find errors: the old one stays then.
    """
    folder = settings.data.folder
    make_writable(folder)
    lock = rebuilt.lock(folder)
    try:
        for _ in range(ATTEMPTS):
            report = _make(settings, with_gone, say)
            if _is_swapped_in(settings, say):
                return _of(report, folder)
            say("not used, as somebody was erased meanwhile, or for what the next run says: once more")
    finally:
        if not rebuilt.is_ready(folder):
            shutil.rmtree(rebuilt.workspace(folder), ignore_errors=True)
        lock.release()
    raise SupportError(
        f"none of {ATTEMPTS} rebuilds was put in place: the old warehouse stays. The last runs say why; or repeat it later"
    )


class _Rebuilding(Pipelines):
    """The pipelines of a data folder that holds delivered files and no warehouse yet: they take in nothing and publish nothing."""

    def __init__(self, settings: Settings, with_gone: bool, progress: Say) -> None:
        self._with_gone = with_gone
        super().__init__(settings, progress)

    def _take_in(self) -> tuple[list[Arrival], list[str]]:
        problems, self._problems = self._problems, []
        return [], problems

    def _may_publish(self) -> bool:
        return False

    def _rewrite(self, report: Report) -> bool:
        return False

    def _keep_archive(self, run_id: int | None) -> None:
        pass


def _make(settings: Settings, with_gone: bool, say: Say) -> Report:
    """The new loading file, checked, in a folder of its own, and the word that it is ready."""
    folder, workspace = settings.data.folder, rebuilt.workspace(settings.data.folder)
    shutil.rmtree(workspace, ignore_errors=True)
    known_erased = rebuilt.erased(folder)
    say("gathering what was delivered")
    _gather(folder, workspace)
    data = settings.data.model_copy(update={"folder": workspace})
    pipelines = _Rebuilding(settings.model_copy(update={"data": data}), with_gone, say)
    try:
        report = pipelines.run("rebuild")
    finally:
        pipelines.close()
    assert report
    if report.state != "done":
        raise SupportError(f"the old warehouse stays: {'; '.join(report.problems)}")
    rebuilt.say_ready(folder, known_erased)
    return report


def _gather(folder: Path, workspace: Path) -> None:
    """What a rebuild reads, as it is now: the newest version first, so that every file it speaks of is there or noted as taken out."""
    workspace.mkdir()
    snapshot.take_newest_version(folder, workspace)
    for path in folder.glob(f"received/*/{pulls.FILE}"):
        target = workspace / path.relative_to(folder)
        target.parent.mkdir(parents=True)
        shutil.copy2(path, target)
    snapshot.take_landing(folder / "landing", workspace / "landing")
    for name in (KEY_FILE, PEOPLE_FILE, TICKETS_FILE):
        if (folder / name).exists():
            shutil.copy2(folder / name, workspace / name)


def _is_swapped_in(settings: Settings, say: Say) -> bool:
    """Waits until the new file is in its place, put there by a run of ours or of the process that serves; False: it was refused."""
    found = until(lambda: _what_became_of_it(settings.data.folder), settings, "rebuild", say)
    if found is None:
        raise SupportError(f"not swapped in within {PATIENCE_SECONDS:.0f} s: the next run does it")
    return found


def _what_became_of_it(folder: Path) -> bool | None:
    """Whether the new file was put in its place or refused; None: neither yet."""
    if not rebuilt.loading_of(folder).exists():
        return True
    return None if rebuilt.is_ready(folder) else False


def _of(report: Report, folder: Path) -> list[str]:
    seconds = sum(report.seconds.values())
    said = [
        f"rebuilt from what was delivered: {report.tickets_built:,} tickets in {seconds:.0f} s; version {newest_version(folder)} or a later one holds it"
    ]
    return said + report.problems
