"""What the customer voice page says in words: scores, how sure they are, what moved, and what silence leaves open. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pages.elements import format
from warehouse import voice
from warehouse.catalogue import CATALOGUE

Row = Mapping[Any, Any]

NAMES = {"csat": "CSAT", "nps": "NPS", "ces": "CES"}
UNITS = {kind: str(CATALOGUE[kind].unit) for kind in voice.KINDS}
BOUNDS = {"share": (0.0, 1.0), "points": (-100.0, 100.0)}
WHOLE = {"share": "0 to 100%", "points": "-100 to 100"}
WHAT = {
    "csat": "customers who were satisfied, of those who answered",
    "nps": "promoters less detractors, of those who answered",
    "ces": "customers who found it easy, of those who answered",
}
_SAID = {"csat": "were satisfied", "ces": "found it easy"}


def answer(kind: str, row: Row, versus: str) -> str:
    """The page in a sentence, Markdown: the score, whether it moved, and how sure it is."""
    unit = UNITS[kind]
    if not row["n"]:
        asked = format.counted(row["asked"], "customer was", "customers were")
        return f"**Nobody answered in this period:** {asked} asked for {NAMES[kind]}."
    value = format.value(row["value"], unit)
    what = f"The net promoter score is {value}" if kind == "nps" else f"{value} of customers who answered {_SAID[kind]}"
    moved = "" if format.is_missing(row["change"]) else f", {_compared(row, unit)} {versus.removeprefix('vs ')}"
    return f"**{what}**{moved}. {format.counted(row['n'], 'answer')}, 95 % interval {between(row['low'], row['high'], unit)}."


def _compared(row: Row, unit: str) -> str:
    return f"{movement(row, unit)}, more than chance, from" if row["is_change"] else "within chance of"


def movement(row: Row, unit: str) -> str:
    """`rose 4 pt`, `fell 12 pt`, `within chance`; nothing where there is nothing to compare with."""
    if format.is_missing(row["change"]):
        return ""
    if not row["is_change"]:
        return "within chance"
    amount = abs(row["change"]) * (100 if unit == "share" else 1)
    return f"{'rose' if row['change'] > 0 else 'fell'} {format.points(amount)} pt"


def versus(row: Row, of_period: str) -> str:
    """`within chance vs the 28 days before`."""
    return f"{'beyond' if row.get('is_change') else 'within'} chance {of_period}"


def between(low: float | None, high: float | None, unit: str) -> str:
    """`83-85%`, or `21 to 48` points, where scores can be below zero."""
    if low is None or high is None or format.is_missing(low) or format.is_missing(high):
        return format.EM_DASH
    if unit == "share":
        return f"{round(low * 100)}–{round(high * 100)}%"
    return f"{format.points(low)} to {format.points(high)}"


def sure(row: Row, unit: str) -> str:
    """Interval, answers and response under a score; and the score by weights, where its survey has them."""
    if not row["n"]:
        return f"{format.counted(row['asked'], 'customer')} asked, no answer"
    interval = between(row["low"], row["high"], unit)
    response = "" if format.is_missing(row["response"]) else f" · {format.share(row['response'])} answered"
    note = f"{interval}, n = {format.count(row['n'])}{response}"
    by_weight = voice.weighted(row)
    if by_weight is None:
        return note
    value = format.points(by_weight.value, 1) if unit == "points" else format.share(by_weight.value)
    return f"{note} · {value} by the survey's weights (worth n = {format.count(by_weight.effective_n)})"


def asked(row: Row, still_open: int) -> str:
    """How many answered, and how many of the newest invitations may be answered yet."""
    of_asked = f"{format.count(row['n'])} of {format.count(row['asked'])}"
    if row["n"] and row["n"] == row["asked"]:
        return f"{of_asked}: the data may hold answers alone"
    return f"{of_asked} answered, {format.count(still_open)} may yet" if still_open else f"{of_asked} answered"


def silence(kind: str, row: Row) -> str:
    """The range that silence leaves open."""
    if not row["n"]:
        return ""
    silent = row["asked"] - row["n"]
    if not silent:
        return (
            f"Each of the {format.count(row['asked'])} customers asked has answered. Where an export holds answers alone, "
            "nobody can say how many stayed silent, nor what they think."
        )
    worst, best = (format.value(row[end], UNITS[kind]) for end in ("worst", "best"))
    return (
        f"{format.count(silent)} of {format.count(row['asked'])} did not answer. Had all of them been unhappy, {NAMES[kind]} would be "
        f"{worst}; had all been happy, {best}. The interval knows chance alone, not who stays silent."
    )


def open_range(row: Row, unit: str) -> str:
    """From the worst to the best the score could be; an em dash where nobody is silent in the data."""
    return between(row["worst"], row["best"], unit) if row["asked"] > row["n"] else format.EM_DASH


def pull_text(pull: float | None, unit: str) -> str:
    """`-0.7 pt`, of points either way."""
    if pull is None or format.is_missing(pull):
        return format.EM_DASH
    return f"{format.change_of_points(pull * (100 if unit == 'share' else 1), 1)} pt"


def table(parts: pd.DataFrame, kind: str, split: str, labels: Mapping[str, str], compared: bool) -> pd.DataFrame:
    """The parts as people read them: score, how sure it is, what silence leaves open, pull, and what moved."""
    unit, rows = UNITS[kind], parts.to_dict("records")
    columns = {
        split.capitalize(): [format.part_name(row["part"], split, labels) for row in rows],
        NAMES[kind]: [format.value(row["value"], unit) for row in rows],
        "95 % interval": [between(row["low"], row["high"], unit) for row in rows],
        "Answers": [format.count(row["n"]) for row in rows],
        "Asked": [format.count(row["asked"]) for row in rows],
        "Response": [format.share(row["response"]) for row in rows],
        "Worst to best": [open_range(row, unit) for row in rows],
        "Pull": [pull_text(row["pull"], unit) for row in rows],
    }
    if compared:
        columns["Before"] = [format.value(row["value_before"], unit) for row in rows]
        columns["Moved"] = [movement(row, unit) or format.EM_DASH for row in rows]
    return pd.DataFrame(columns)
