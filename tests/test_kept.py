"""What a process keeps: worked out once for everyone who asks at once, so many and no more, and never an error."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.elements.kept import forget, kept


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
