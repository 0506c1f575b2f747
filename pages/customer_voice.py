"""Customer voice: what customers said of us, how sure that is, what silence leaves open, and their own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.elements import (
    access,
    format,
    frame,
    leads,
    palette,
    tables,
    voice_comments,
    voice_view,
    voice_words,
    wall,
)
from pages.elements.data import View
from pages.elements.tiles import quiet, tile
from pages.elements.voice_view import Drawn, row_of
from pages.elements.voice_words import NAMES, UNITS, WHAT
from warehouse import voice

access.require("customer_voice")

MOST_COMMENTS, MOST_DOWNLOADED = 200, 100_000
MOODS = ("all", "unhappy", "neutral", "happy")
SPLITS = ("channel", "topic", "team")


def draw(view: View) -> None:
    known = view.ask("voice_kinds").set_index("kind")
    if known.empty:
        st.info(
            '**No survey answers are in the data.** A source in `support.toml` with `rows = "survey"` brings them: when each customer '
            "was asked, the kind (csat, nps or ces), and the score where there is one."
        )
        return
    kinds = [kind for kind in voice.KINDS if kind in known.index]
    late = float(known["late_seconds"].fillna(0).max())
    st.html("<style>.st-key-score button { text-transform: uppercase }</style>")
    kind = _chosen("Score", kinds, "score") if len(kinds) > 1 else kinds[0]
    drawn = voice_view.drawn(view, kind, late)
    st.markdown(voice_words.answer(kind, row_of(drawn.scores, kind), view.period.versus))
    _tiles(view, kinds, kind, drawn, known.loc[kind])
    _whole(view, kind, drawn)
    _parts(view, kind, late)
    _comments(view)
    quiet(_notes(view, late))


def _chosen(label: str, options: Sequence[str], key: str) -> str:
    """One of the options, held in the address; on a wall what the address says, without a control."""
    if wall.is_on():
        asked = st.query_params.get(key, "")
        return asked if asked in options else options[0]
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        label_visibility="collapsed",
        bind="query-params",
    )
    return chosen or options[0]


def _tiles(view: View, kinds: list[str], kind: str, drawn: Drawn, known: pd.Series) -> None:
    with st.grid(len(kinds) + 1, min_column_width=220, gap="small"):
        for name in kinds:
            row, bins = row_of(drawn.scores, name), drawn.bins[drawn.bins["kind"] == name]
            note = voice_words.sure(row, UNITS[name])
            _tile(view, NAMES[name], row, UNITS[name], note, f"{WHAT[name].capitalize()}.", bins["value"])
        bins = drawn.bins[(drawn.bins["kind"] == kind) & drawn.bins["is_settled"]]
        _tile(
            view,
            f"Response rate, {NAMES[kind]}",
            row_of(drawn.responses, kind),
            "share",
            voice_words.asked(row_of(drawn.scores, kind), int(known["still_open"])),
            "Of those asked so long ago that 95 % of the answers are in; the comparison is cut off alike.",
            bins["response"],
        )
    missing = [NAMES[name] for name in voice.KINDS if name not in kinds]
    if missing:
        quiet(
            f"{' and '.join(missing)}: not in the data. Survey rows of that kind bring it "
            "(nps on a scale of 0 to 10; ces on 1 to 7 unless they say otherwise)."
        )


def _tile(view: View, label: str, row: dict[Any, Any], unit: str, note: str, means: str, trend: pd.Series) -> None:
    value, before = row.get("value"), row.get("value_before")
    change, against = format.change(value, before, unit), voice_words.versus(row, view.period.versus)
    tile(label, format.value(value, unit), change, against, note, explanation=means, trend=trend.tolist())


def _whole(view: View, kind: str, drawn: Drawn) -> None:
    """One score over time, and what silence leaves of it."""
    left, right = st.columns([3, 2], gap="small")
    with left, frame.card(f"{NAMES[kind]} over time", f"{WHAT[kind]}, by the {view.period.grain} they were asked"):
        frame.over_time(drawn.over_time, "over_time", view)
    with (
        right,
        frame.card("What silence leaves open", "pale: had everyone answered; dark: 95 % interval; dot: as answered"),
    ):
        frame.chart(drawn.silence, "silence", view)
        quiet(voice_words.silence(kind, row_of(drawn.scores, kind)))


def _parts(view: View, kind: str, late: float) -> None:
    """The score by channel, topic or team; and the topics, whatever it is split by."""
    left, right = st.columns(2, gap="small")
    with left, frame.card(f"{NAMES[kind]} by", "with 95 % interval, those with most answers"):
        split = _chosen("By", SPLITS, "split")
        parts = voice_view.parts(view, kind, split, late)
        frame.chart(parts.by_part, "by_part", view)
    moved = ", and whether the topic's own score moved" if view.filters_before else ""
    with right, frame.card("Topics by how much they pull the score", f"points of {NAMES[kind]} gained or lost{moved}"):
        frame.chart(parts.pulls, "pulls", view)
    means = (
        "pull: the score less what it would be without their answers; worst to best: had all who were asked answered"
    )
    with frame.card(f"Every {split}", means):
        _table(view, kind, split, parts.rows)


def _table(view: View, kind: str, split: str, parts: pd.DataFrame) -> None:
    labels = frame.channel_labels(view) if split == "channel" else {}
    texts = voice_words.table(parts, kind, split, labels, compared=view.filters_before is not None)
    right = st.column_config.TextColumn(alignment="right")
    tables.show(
        view,
        "parts",
        f"{NAMES[kind]} by {split}",
        texts,
        parts[[name for name in parts.columns if not name.startswith("weight")]],
        leads=[voice_view.tickets_of_part(kind, split, part) for part in parts["part"]],
        config={name: right for name in texts.columns[1:]},
        height=400,
        metrics=(kind, "response_rate"),
    )


def _comments(view: View) -> None:
    with frame.card("Comments", "of every survey in the period, newest first, beside their ticket"):
        wanted = _searched()
        found = view.ask("voice_comments", most=MOST_COMMENTS, **wanted)
        if found.empty:
            quiet(
                "Nobody wrote such a comment in this period." if any(wanted.values()) else "No comments in this period."
            )
            return
        total = int(found["found"].iloc[0])
        shown = f", the newest {format.count(MOST_COMMENTS)} are listed" if total > len(found) else ""
        quiet(format.counted(total, "comment") + shown)
        inks, labels = palette.of(view.theme), frame.channel_labels(view)
        with st.container(height=560 if len(found) > 6 else "content", border=False, key="comments_list"):
            st.html(voice_comments.listed(found, labels, view.zone, inks, wanted["words"] or [], not wall.is_on()))
        if not wall.is_on():
            _as_table(view, wanted)


def _searched() -> dict[str, Any]:
    """What to look for in the comments, held in the address; on a wall, all of them."""
    if wall.is_on():
        return {"words": None, "mood": None}
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        words = st.text_input(
            "Words",
            key="words",
            type="search",
            placeholder="Search the comments",
            label_visibility="collapsed",
            width=300,
            bind="query-params",
        )
        mood = _chosen("Mood", MOODS, "mood")
    return {"words": (words or "").split() or None, "mood": None if mood == "all" else mood}


def _as_table(view: View, wanted: dict[str, Any]) -> None:
    """The same comments as a table; its downloads hold all that were found."""
    opened = st.expander("As a table, and to download", key="as_table", on_change="rerun", bind="query-params")
    if not opened.open:
        return
    found = view.ask("voice_comments", most=MOST_DOWNLOADED, **wanted).drop(columns="found")
    shown = found.head(MOST_COMMENTS)
    with opened:
        tables.show(
            view,
            "comments",
            "Comments",
            voice_comments.table(shown, frame.channel_labels(view), view.zone),
            found,
            leads=[_ticket_of(row) for row in shown.to_dict("records")],
            config={"Comment": st.column_config.TextColumn(width="large")},
            height=500,
        )


def _ticket_of(row: dict[Any, Any]) -> str:
    """Its ticket; of an answer that is about none, all tickets with a comment."""
    has_none = format.is_missing(row["ticket_id"])
    return leads.tickets("commented") if has_none else leads.ticket(row["source"], row["ticket_id"])


def _notes(view: View, late: float) -> str:
    """What a reader has to know of the figures above."""
    waited = f"95 % of answers come within {format.duration(late)}: newer bins are dotted, they may still change. "
    chance = "Within chance: the 95 % interval of the difference holds 0; of twenty that did not change, one looks as if it had. "
    return f"{waited if late > 0 else ''}{chance if view.filters_before else ''}Days and hours are of {view.zone}."


draw(frame.begin("customer_voice", grains=True))
