"""The quick chart of a query's result: any column against any number. A frame in, a figure out; knows no SQL and no Streamlit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pandas as pd
from pandas.api import types

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, date_axis, draw, escaped, said
from pages.elements.palette import Palette

Kind = Literal["line", "bar", "scatter"]
KINDS: tuple[Kind, ...] = ("line", "bar", "scatter")
# More points than a figure of this width can show, and than a browser draws at once.
MOST_POINTS = 500
HEIGHT = 340
LONGEST_NAME = 16
LONGEST_SAID = 60
MOST_TICKS = 12
MOST_DOTS = 60


def numbers(frame: pd.DataFrame) -> list[str]:
    """Columns that can be drawn upwards."""
    return [name for name in frame.columns if _is_number(frame[name])]


def proposal(frame: pd.DataFrame) -> tuple[str, str, Kind] | None:
    """What a result is probably about: instants or names against the first number. None where it has no number."""
    upwards = numbers(frame)
    if not upwards:
        return None
    across = next((name for name in frame.columns if name not in upwards), None)
    if across is None:
        return str(frame.columns[0]), upwards[min(1, len(upwards) - 1)], "scatter"
    return across, upwards[0], "line" if _is_instant(frame[across]) else "bar"


def chart(frame: pd.DataFrame, x: str, y: str, kind: Kind, palette: Palette) -> Chart:
    """`y` against `x`, the first MOST_POINTS rows that have both; lines in the order of `x`, bars in the order of the rows."""
    rows = _drawable(frame, x, y, kind)
    places, axis = _across(rows["x"], kind)
    texts = [f"{escaped(name)}: {escaped(_said(value))}" for name, value in zip(rows["name"], rows["y"], strict=True)]
    trace: dict[str, Any] = {
        "type": "bar" if kind == "bar" else "scatter",
        "x": places,
        "y": [float(value) for value in rows["y"]],
        "customdata": said(texts),
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    titled = axis | {"title": _title(x, palette)}
    trace |= _look(rows["x"], x, kind, palette)
    return draw(palette, [trace], _alt(rows, x, y, kind), height=HEIGHT, xaxis=titled, **_upwards(y, kind, palette))


def _look(column: pd.Series, x: str, kind: Kind, palette: Palette) -> dict[str, Any]:
    """Ink and grey; colours for channels alone."""
    if kind == "bar":
        colors = [palette.channel(str(name)) for name in column] if x == "channel" else palette.line
        return {"marker": {"color": colors}}
    if kind == "scatter":
        return {"mode": "markers", "marker": {"color": palette.ink, "size": 6, "opacity": 0.7}}
    if len(column) > MOST_DOTS:
        return {"mode": "lines", "line": {"color": palette.ink, "width": 1.5}}
    return {
        "mode": "lines+markers",
        "line": {"color": palette.ink, "width": 1.5},
        "marker": {"color": palette.ink, "size": 4},
    }


def _drawable(frame: pd.DataFrame, x: str, y: str, kind: Kind) -> pd.DataFrame:
    rows = pd.DataFrame({"x": frame[x], "y": frame[y], "name": _names(frame, x)})
    rows = rows[rows["y"].map(_is_finite) & rows["x"].notna()]
    if kind == "line" and (_is_instant(rows["x"]) or _is_number(rows["x"])):
        rows = rows.sort_values("x", kind="stable")
    return rows.head(MOST_POINTS)


def _names(frame: pd.DataFrame, x: str) -> list[str]:
    """What a mark is, when pointed at: `x`, then whatever else of its row is no number."""
    others = [name for name in frame.columns if name != x and name not in numbers(frame)]
    return [
        ", ".join(format.cut(_said(value), LONGEST_SAID) for value in values)
        for values in frame[[x, *others]].itertuples(index=False, name=None)
    ]


def _across(column: pd.Series, kind: Kind) -> tuple[list[Any], Json]:
    """Where marks lie: instants on a date axis, numbers on their own, names side by side."""
    if _is_instant(column):
        return [moment.isoformat() for moment in column], _time_axis(column)
    if _is_number(column) and kind != "bar":
        return [float(value) for value in column], {"type": "linear", "nticks": 10, "rangemode": "normal"}
    step = max(1, -(-len(column) // MOST_TICKS))
    shown = list(range(0, len(column), step))
    names = [escaped(format.cut(_said(column.iloc[place]), LONGEST_NAME)) for place in shown]
    return list(range(len(column))), {"tickvals": shown, "ticktext": names, "automargin": True}


def _time_axis(column: pd.Series) -> Json:
    """Days, or hours where there are few; the ends are the figure's own, so that no bar is cut."""
    ends = [moment.to_pydatetime() for moment in sorted(column)][:: max(len(column) - 1, 1)]
    if not ends:
        return {"type": "date"}
    axis = date_axis("hour" if ends[-1] - ends[0] <= timedelta(days=2) else "day", ends)
    return {name: value for name, value in axis.items() if name != "range"}


def _upwards(y: str, kind: Kind, palette: Palette) -> Json:
    """Bars begin at zero; of lines and points the shape counts."""
    axis = {"title": _title(y, palette), "automargin": True, "rangemode": "tozero" if kind == "bar" else "normal"}
    return {"yaxis": axis, "margin": {"l": 56, "r": 16, "t": 10, "b": 48}}


def _title(name: str, palette: Palette) -> Json:
    return {
        "text": escaped(format.cut(name, 40)),
        "font": {"color": palette.muted, "size": FONT_SIZE - 1},
        "standoff": 8,
    }


def _alt(rows: pd.DataFrame, x: str, y: str, kind: Kind) -> str:
    shape = {"line": "Line", "bar": "Bars", "scatter": "Points"}[kind]
    if rows.empty:
        return f"{shape} of {y} by {x}: no row has both"
    low, high = rows["y"].min(), rows["y"].max()
    return f"{shape} of {y} by {x}: {format.counted(len(rows), 'point')}, {y} from {_said(low)} to {_said(high)}"


def _said(value: Any) -> str:
    """A value in full: the visitor's marks in numbers, instants without idle digits."""
    if not types.is_scalar(value) or isinstance(value, bool | str):
        return str(value)
    if format.is_missing(value):
        return format.EM_DASH
    if not types.is_number(value):
        return str(value)
    return format.decimal(float(value)) if float(value).is_integer() else f"{float(value):.6g}"


def _is_number(column: pd.Series) -> bool:
    if types.is_object_dtype(column):
        known = column.dropna()
        return len(known) > 0 and all(types.is_number(value) and not isinstance(value, bool) for value in known)
    return bool(types.is_numeric_dtype(column) and not types.is_bool_dtype(column))


def _is_instant(column: pd.Series) -> bool:
    return bool(types.is_datetime64_any_dtype(column))


def _is_finite(value: Any) -> bool:
    return not format.is_missing(value) and abs(float(value)) != float("inf")
