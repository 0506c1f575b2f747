"""The hours of a week as a heat map, each cell with what it says and where it leads. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping

from pages.elements import format
from pages.elements.figure import CLICK_SIZE, FONT_SIZE, Chart, Trace, draw, said
from pages.elements.palette import Palette

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# ISO weekday (1 is Monday) and hour of the day.
Hour = tuple[int, int]


def hours_of_week(
    values: Mapping[Hour, float],
    texts: Mapping[Hour, str],
    leads: Mapping[Hour, str],
    palette: Palette,
    alt: str,
    height: int,
) -> Chart:
    """Stronger is more, from nothing on; hours without a value stay empty."""
    shades: Trace = {
        "type": "heatmap",
        "z": [[values.get((weekday, hour)) for hour in range(24)] for weekday in range(1, 8)],
        "x": list(range(24)),
        "y": list(WEEKDAYS),
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, palette.grid], [1, palette.ink]],
        "zmin": 0,
        "showscale": False,
        "hoverinfo": "skip",
    }
    # A heat map's cells cannot be clicked: unseen marks on them can.
    marks: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [hour for _, hour in values],
        "y": [WEEKDAYS[weekday - 1] for weekday, _ in values],
        "marker": {"size": CLICK_SIZE, "opacity": 0, "symbol": "square"},
        "customdata": said([texts[hour] for hour in values], [leads[hour] for hour in values]),
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    return draw(
        palette,
        [shades, marks],
        alt,
        height=height,
        margin={"l": 40, "r": 8, "t": 4, "b": 26},
        xaxis={
            "tickvals": list(range(0, 24, 6)),
            "ticktext": [format.hour(hour) for hour in range(0, 24, 6)],
            "range": [-0.5, 23.5],
            "showgrid": False,
        },
        yaxis={
            "type": "category",
            "categoryarray": list(WEEKDAYS),
            "range": [6.5, -0.5],
            "showgrid": False,
            "tickfont": {"color": palette.muted, "size": FONT_SIZE - 1},
        },
    )


def name(hour: Hour) -> str:
    """`Mon 9:00`."""
    return f"{WEEKDAYS[hour[0] - 1]} {format.hour(hour[1])}"
