"""What a process keeps: worked out once for everyone who asks at once, so many and no more, and never an error."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from pages.elements.kept import forget, kept


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


class Answer:
    """What can be watched to go."""


@dataclass(frozen=True)
class View:
    version: int


def test_whoever_asks_while_it_is_worked_out_waits_for_the_same_answer() -> None:
    worked_out: list[str] = []

    @kept(most=5)
    def drawing(page: str) -> list[str]:
        time.sleep(0.05)
        worked_out.append(page)
        return [page]

    with ThreadPoolExecutor(8) as visitors:
        seen = list(visitors.map(drawing, ["live"] * 8))
    assert worked_out == ["live"]
    assert all(one is seen[0] for one in seen)


def test_the_longest_unused_goes_first() -> None:
    worked_out: list[int] = []

    @kept(most=2)
    def squared(number: int) -> int:
        worked_out.append(number)
        return number * number

    assert [squared(number) for number in (1, 2, 1, 3, 1, 2)] == [1, 4, 1, 9, 1, 4]
    assert worked_out == [1, 2, 3, 2]


def test_an_error_is_not_kept() -> None:
    answers = iter([ZeroDivisionError("not yet"), None])

    @kept(most=2)
    def fragile() -> str:
        if error := next(answers):
            raise error
        return "there"

    with pytest.raises(ZeroDivisionError):
        fragile()
    assert fragile() == "there"


def test_a_function_that_a_page_defines_anew_in_every_run_is_one_function() -> None:
    worked_out: list[str] = []

    def run_of_a_page() -> str:
        @kept(most=2)
        def drawing(page: str) -> str:
            worked_out.append(page)
            return page

        return drawing("live")

    assert run_of_a_page() == run_of_a_page() == "live"
    assert worked_out == ["live"]
    forget()
    run_of_a_page()
    assert worked_out == ["live", "live"]


def test_what_is_of_a_version_goes_with_it_whoever_asked_for_the_newer_one() -> None:
    @kept(most=20)
    def answer(folder: str, version: int, question: str) -> Answer:
        return Answer()

    @kept(most=20)
    def drawing(view: View, theme: str) -> Answer:
        return Answer()

    @kept(most=20)
    def settings(folder: str) -> Answer:
        return Answer()

    seen = {
        version: [weakref.ref(made) for made in (answer("data", version, "waits"), drawing(View(version), "dark"))]
        for version in (7, 8)
    }
    always = weakref.ref(settings("data"))
    assert all(one() for version in seen for one in seen[version])
    answer("data", question="waits", version=9)
    gc.collect()
    assert [one() for one in seen[7]] == [None, None]
    assert all(one() for one in seen[8])  # a question may still be on it
    assert always()


def test_a_version_by_another_name_is_refused_as_its_answers_would_never_go() -> None:
    with pytest.raises(TypeError, match="is called version, not _version"):

        @kept(most=2)
        def found(_version: int) -> int:
            return _version
