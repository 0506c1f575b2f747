"""Whether sources deliver as they should: how long each feed has been silent, against how often it delivers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import pandas as pd

# empty: never delivered. unusable: delivered, and nothing of it could be loaded. history: it tells of the past, and its age says nothing.
# steady: what holds until it is replaced, such as holidays.
State = Literal["fresh", "stale", "history", "steady", "empty", "unusable"]
STATE_WORDS: dict[State, str] = {
    "fresh": "in time",
    "stale": "stale",
    "history": "history",
    "steady": "as needed",
    "empty": "nothing yet",
    "unusable": "not loaded",
}
STEADY_KINDS = ("schedule", "holiday", "target", "name", "remark")
# A feed whose newest file spoke of a time this long past when it was written is a history.
HISTORY_AFTER = timedelta(days=1)
# Files that come every few seconds are not late for a pause in what customers do.
NEVER_LATE_BEFORE_SECONDS = 60.0
# So many gaps between deliveries make a rhythm; a silence of so many times a long gap breaks it.
GAPS_OF_A_RHYTHM = 3
LATE_AFTER_GAPS = 1.5


def judged(feeds: pd.DataFrame, now: datetime, refresh_seconds: float) -> pd.DataFrame:
    """The rows of questions/health_sources.sql with how they stand at `now` (UTC).

    Adds silent_seconds (since the newest file), behind_seconds (since the data's as-of), allowed_seconds (a longer silence
    is late; null where nobody can say) and state. A feed with a rhythm of its own is late when its silence is longer than
    one and a half of its long gaps (95th percentile); one without, when its source's data is older than twice the refresh
    interval. Neither within a minute.
    """
    floor = max(2 * refresh_seconds, NEVER_LATE_BEFORE_SECONDS)
    has_rhythm = feeds["gaps"] >= GAPS_OF_A_RHYTHM
    allowed = (LATE_AFTER_GAPS * feeds["long_gap_seconds"]).clip(lower=floor).where(has_rhythm, floor)
    found = feeds.assign(
        silent_seconds=_seconds_since(feeds["delivered_at"], now),
        behind_seconds=_seconds_since(feeds["as_of"], now),
        allowed_seconds=allowed,
    )
    behind = _seconds_since(feeds["source_as_of"], now)
    is_late = (found["silent_seconds"] > allowed) & (has_rhythm | (behind > allowed))
    is_history = feeds["delivered_at"] - feeds["source_as_of"] > HISTORY_AFTER
    is_unusable = feeds[["rows_loaded", "rows_unchanged", "rows_superseded"]].sum(axis="columns") == 0
    is_steady = feeds["kind"].isin(STEADY_KINDS)
    facts = zip(feeds["files"] == 0, is_unusable, is_steady, is_history, is_late, strict=True)
    states = [_state(*row) for row in facts]
    found["state"] = pd.Series(states, index=feeds.index, dtype=object)
    found["allowed_seconds"] = found["allowed_seconds"].where(found["state"].isin(["fresh", "stale"]))
    return found


def _state(is_empty: bool, is_unusable: bool, is_steady: bool, is_history: bool, is_late: bool) -> State:
    if is_empty:
        return "empty"
    if is_unusable:
        return "unusable"
    if is_steady:
        return "steady"
    if is_history:
        return "history"
    return "stale" if is_late else "fresh"


def _seconds_since(instants: pd.Series, now: datetime) -> pd.Series:
    """Never negative: what was written a moment ago on another machine's clock is not in the future."""
    return (pd.Timestamp(now) - instants).dt.total_seconds().clip(lower=0)
