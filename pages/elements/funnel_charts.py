"""Funnel plots: shares beside how much they rest on, so that nobody stands out for having had few. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, Trace, apart, draw, escaped, nothing
from pages.elements.palette import Palette
from warehouse.agents import FEWEST, Funnel, funnel_of
from warehouse.catalogue import Unit

STEPS = 160
MOST_NAMES = 6
# A figure holds no more points; who has most is drawn.
MOST_DOTS = 500
TOP, BOTTOM, LEFT, RIGHT = 8, 40, 42, 56
# Left of this part of the axis there is room for a name right of its dot.
ROOM_RIGHT = 0.55
Lead = Callable[[str], str]


def funnel(
    frame: pd.DataFrame,
    unit: Unit,
    title: str,
    palette: Palette,
    height: int,
    *,
    lead: Lead | None = None,
    named: Collection[str] = (),
) -> Chart:
    """One dot an agent: a share beside its n, between limits that narrow as n grows. Only who lies outside 99.8 % is named, and `named`.

    `frame`: agent, hits, n, value (hits / n, 0-1); `title` says what the share is; `lead(agent)` is where a dot leads. Limits are those
    of agents.funnel_of. Agents with fewer than agents.FEWEST count, and are not drawn where others are. Raises ValueError for a unit
    that is no share: other figures have other limits.
    """
    if unit != "share":
        raise ValueError("a funnel is of shares")
    rows = frame[(frame["n"] > 0) & frame["agent"].notna()].sort_values("agent", ignore_index=True)
    if rows.empty:
        return nothing(palette, f"{title}: nothing counted yet.", height)
    shape = funnel_of(rows["value"], rows["n"])
    if shape.centre in (0, 1):
        return nothing(
            palette, f"{title}: {format.share(shape.centre)} for {format.counted(len(rows), 'agent')}.", height
        )
    everyone, rows = rows, _enough(rows)
    is_outside = shape.is_outside(rows["value"], rows["n"])
    widest = float(rows["n"].max()) * 1.04
    curve = shape.limits(_steps(int(rows["n"].min()), widest))
    low, high = _span(rows["value"], curve)
    told = is_outside | rows["agent"].isin(list(named))
    return draw(
        palette,
        [*_limits(curve, palette), _dots(rows, is_outside.tolist(), told.tolist(), palette, lead)],
        _said(title, rows, len(everyone) - len(rows), is_outside, shape),
        height=height,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
        xaxis=_rests_on(rows, widest, palette),
        yaxis={"range": [low, high], "nticks": 5, "tickformat": ".0%"},
        shapes=[_centre_line(shape.centre, palette)],
        annotations=[
            *_at_the_end(curve, shape.centre, palette, (low, high), height - TOP - BOTTOM),
            *_names(rows[told], palette, shape.centre, widest, (low, high), height - TOP - BOTTOM),
        ],
    )


def _enough(rows: pd.DataFrame) -> pd.DataFrame:
    """Who is drawn: those with enough for a share to say something, those with most where they are many; anyone where nobody has enough."""
    enough = rows[rows["n"] >= FEWEST]
    shown = enough if len(enough) else rows
    return shown.nlargest(MOST_DOTS, "n").sort_index().reset_index(drop=True)


def _steps(fewest: int, widest: float) -> list[int]:
    """Numbers of trials that the limits are drawn at, closer together where they bend."""
    spaced = np.geomspace(max(1.0, fewest * 0.6), max(widest, 2.0), STEPS)
    return [int(number) for number in np.unique(spaced.round().astype(int))]


def _span(values: pd.Series, curve: pd.DataFrame) -> tuple[float, float]:
    """The part of 0 to 1 that holds every dot, and the funnel from a third of its length on."""
    onwards = curve[curve["trials"] >= curve["trials"].max() / 3]
    low = min(float(values.min()), float(onwards["low_99.8"].min()))
    high = max(float(values.max()), float(onwards["high_99.8"].max()))
    room = max((high - low) * 0.06, 0.01)
    return max(low - room, -0.02), min(high + room, 1.02)


def _rests_on(rows: pd.DataFrame, widest: float, palette: Palette) -> Json:
    title = {"text": "how many it rests on (n)", "standoff": 4, "font": {"color": palette.muted, "size": FONT_SIZE - 1}}
    few = {"tickvals": sorted(set(rows["n"]))} if rows["n"].max() <= 3 else {"nticks": 5}
    return {"range": [0, widest], "tickformat": ",d", "title": title} | few


def _limits(curve: pd.DataFrame, palette: Palette) -> list[Trace]:
    """The four limits as quiet lines, the inner ones dotted."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{coverage} % limit",
            "x": curve["trials"].tolist(),
            "y": curve[f"{side}_{coverage}"].tolist(),
            "line": {"color": palette.line, "width": 1, "dash": dash},
            "hoverinfo": "skip",
        }
        for coverage, dash in (("99.8", "solid"), ("95", "dot"))
        for side in ("low", "high")
    ]


def _dots(
    rows: pd.DataFrame, is_outside: Sequence[bool], is_named: Sequence[bool], palette: Palette, lead: Lead | None
) -> Trace:
    said = [
        f"{escaped(str(row.agent))}: {format.share(row.value)}, n = {format.count(row.n)}<br>"
        + ("outside what chance makes" if is_out else "within what chance makes")
        for row, is_out in zip(rows.itertuples(), is_outside, strict=True)
    ]
    leads = [lead(str(agent)) if lead else "" for agent in rows["agent"]]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "agents",
        "x": rows["n"].tolist(),
        "y": rows["value"].tolist(),
        "customdata": [list(pair) for pair in zip(said, leads, strict=True)],
        "marker": {
            "size": 8,
            "color": [palette.ink if told else palette.line for told in is_named],
            "line": {"color": palette.paper, "width": 1},
        },
        "cliponaxis": False,
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }


def _centre_line(centre: float, palette: Palette) -> Json:
    stroke = {"color": palette.muted, "width": 1}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": centre, "y1": centre}
    return across | {"line": stroke, "layer": "below"}


def _at_the_end(
    curve: pd.DataFrame, centre: float, palette: Palette, span: tuple[float, float], plot_height: float
) -> list[Json]:
    """What the lines are, right of them: the common share, and the outer limits."""
    ends = curve.iloc[-1]
    texts = [
        (float(ends["low_99.8"]), "99.8%"),
        (centre, f"all {format.share(centre)}"),
        (float(ends["high_99.8"]), "99.8%"),
    ]
    scale = plot_height / (span[1] - span[0])
    heights = [(value - span[0]) * scale for value, _ in texts]
    return [
        {
            "xref": "paper",
            "x": 1,
            "y": value,
            "text": text,
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
            "yshift": placed - height,
            "font": {"color": palette.muted, "size": FONT_SIZE - 2},
        }
        for (value, text), height, placed in zip(texts, heights, apart(heights, plot_height), strict=True)
    ]


def _names(
    rows: pd.DataFrame,
    palette: Palette,
    centre: float,
    widest: float,
    span: tuple[float, float],
    plot_height: float,
) -> list[Json]:
    """Names beside the dots that lie farthest out, on the side where there is room, moved apart where they would collide."""
    farthest = (rows["value"] - centre).abs().sort_values(ascending=False).index[:MOST_NAMES]
    shown = rows.loc[farthest].sort_values("value")
    heights = ((shown["value"] - span[0]) * plot_height / (span[1] - span[0])).tolist()
    return [
        {
            "x": row.n,
            "y": row.value,
            "text": escaped(str(row.agent)),
            "showarrow": False,
            "xanchor": "left" if row.n < widest * ROOM_RIGHT else "right",
            "xshift": 8 if row.n < widest * ROOM_RIGHT else -8,
            "yshift": placed - height,
            "font": {"color": palette.ink, "size": FONT_SIZE - 1},
        }
        for row, height, placed in zip(shown.itertuples(), heights, apart(heights, plot_height), strict=True)
    ]


def _said(title: str, rows: pd.DataFrame, few: int, is_outside: pd.Series, shape: Funnel) -> str:
    """What the plot shows, in a sentence."""
    out = ", ".join(
        f"{row.agent} {format.share(row.value)} (n = {format.count(row.n)})" for row in rows[is_outside].itertuples()
    )
    whole = f"{title} of {format.counted(len(rows), 'agent')} beside how many it rests on, {format.share(shape.centre)} together; "
    told = (
        f"outside the 99.8 % limits: {out}"
        if out
        else "all within the 99.8 % limits, so differences are what chance makes"
    )
    wider = (
        f"; limits {format.decimal(shape.spread, 1)} times as wide as chance alone would have them"
        if shape.spread > 1
        else ""
    )
    left_out = f"; {format.counted(few, 'agent')} with fewer not drawn" if few else ""
    return whole + told + wider + left_out
