"""The weekly summary on one A4 page: HTML that holds everything it needs and fetches nothing.

Every text is escaped: subjects, comments and names are data. Knows no SQL and no Streamlit.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

from pages.elements import format
from pages.elements.palette import LIGHT
from warehouse.texts import one_line

LONGEST_COMMENT = 210


@dataclass(frozen=True)
class Spark:
    """The readings of the weeks up to this one, and between which values they usually lie."""

    values: tuple[float | None, ...]
    low: float | None
    high: float | None
    is_unfinished: bool
    alt: str


@dataclass(frozen=True)
class Tile:
    """One figure of the week as it is written: with its change, what is usual and its target."""

    label: str
    value: str
    change: str | None
    versus: str
    note: str
    crossed: str
    spark: Spark
    explanation: str = ""


@dataclass(frozen=True)
class Bar:
    """A row of bars from a middle line: negative ones to the left."""

    label: str
    value: float
    text: str
    color: str


@dataclass(frozen=True)
class Comment:
    """What a customer wrote, and about what."""

    text: str
    about: str
    source: str
    ticket_id: str


@dataclass(frozen=True)
class Sheet:
    """Everything the page says of a week, as text."""

    title: str
    compared: str
    head: str
    rest: str
    watch: str
    noted: str
    tiles: tuple[Tile, ...]
    moved_title: str
    moved_about: str
    bars: tuple[Bar, ...]
    even: tuple[tuple[str, str, str, str], ...]
    voice: tuple[str, ...]
    comments: tuple[Comment, ...]
    following: tuple[str, ...]
    due: tuple[Bar, ...]
    footer: str


STYLE = f"""
.weekly-sheet {{ box-sizing: border-box; width: 186mm; max-height: 272mm; overflow: hidden; margin: 0 auto; background: #FFFFFF;
  color: {LIGHT.ink}; font: 8.6pt/1.35 "Source Sans", "Source Sans Pro", "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  overflow-wrap: anywhere; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
.weekly-sheet * {{ box-sizing: border-box; }}
.weekly-sheet h1 {{ font-size: 15pt; line-height: 1.2; margin: 0; padding: 0; font-weight: 600; color: {LIGHT.ink}; }}
.weekly-sheet h2 {{ font-size: 9.5pt; line-height: 1.3; margin: 0; padding: 0; font-weight: 600; color: {LIGHT.ink}; }}
.weekly-sheet p {{ margin: 0 0 1.2mm; font-size: inherit; }}
.weekly-sheet .quiet {{ color: {LIGHT.muted}; }}
.weekly-sheet .said {{ font-size: 10.5pt; line-height: 1.4; margin: 3mm 0 3.5mm; }}
.weekly-sheet .tiles {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 2.2mm; }}
.weekly-sheet .columns {{ display: grid; grid-template-columns: 1fr 1fr; gap: 2.2mm; margin-top: 2.2mm; }}
.weekly-sheet .box {{ border: 0.25mm solid #DFE2E7; border-radius: 1.2mm; padding: 2.2mm 2.6mm; min-width: 0; break-inside: avoid; }}
.weekly-sheet .figure {{ font-size: 15pt; line-height: 1.25; font-weight: 600; }}
.weekly-sheet .crossed {{ color: {LIGHT.limit}; }}
.weekly-sheet img, .weekly-sheet svg {{ display: block; width: 100%; height: auto; margin-top: 1mm; }}
.weekly-sheet table {{ border-collapse: collapse; width: 100%; margin-top: 1.2mm; font-size: inherit; border: 0; }}
.weekly-sheet th, .weekly-sheet td {{ text-align: left; padding: 0.7mm 2mm 0.7mm 0; border: 0; border-bottom: 0.2mm solid {LIGHT.grid};
  font-weight: 400; vertical-align: top; }}
.weekly-sheet th {{ color: {LIGHT.muted}; }}
.weekly-sheet blockquote {{ margin: 1.4mm 0 0; padding: 0 0 0 2mm; border-left: 0.6mm solid {LIGHT.line}; color: inherit; opacity: 1; }}
.weekly-sheet footer {{ margin-top: 2.2mm; color: {LIGHT.muted}; font-size: 7.6pt; }}
"""
PAGE = "@page { size: A4 portrait; margin: 12mm; }"
_ALONE = f"{PAGE} html, body {{ margin: 0; background: #FFFFFF; }} @media screen {{ body {{ padding: 12mm 4mm; }} }}"
# On paper the page is this sheet and nothing else, whatever the screen was.
_ON_PAPER = f"""
.weekly-print {{ display: none; }}
@media print {{
  {PAGE}
  html, body {{ background: #FFFFFF !important; }}
  [data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDecoration"], [data-testid="stStatusWidget"],
  [data-testid="stBottom"], [data-testid="stToast"], [data-testid="stSidebar"] {{ display: none !important; }}
  body :has(.weekly-print) {{ display: block !important; position: static !important; overflow: visible !important; height: auto !important;
    min-height: 0 !important; max-height: none !important; width: auto !important; max-width: none !important; padding: 0 !important; margin: 0 !important;
    background: #FFFFFF !important; transform: none !important; }}
  body :has(.weekly-print) > *:not(:has(.weekly-print)):not(.weekly-print) {{ display: none !important; }}
  .weekly-print {{ display: block !important; }}
}}
"""


def document(sheet: Sheet) -> str:
    """The whole file: opens anywhere, prints on one A4 page, and may fetch nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(sheet.title)}</title><style>{_ALONE}{STYLE}</style></head>"
        f"<body>{body(sheet)}</body></html>\n"
    )


def twin(sheet: Sheet) -> str:
    """The sheet for the page itself: unseen on screen, and all there is on paper."""
    return f'<style>{_ON_PAPER}{STYLE}</style><div class="weekly-print">{body(sheet, as_images=True)}</div>'


def body(sheet: Sheet, as_images: bool = False) -> str:
    """The sheet's HTML. `as_images` puts charts into images, for where SVG in HTML is taken out."""
    said = f"<strong>{_text(sheet.head)}</strong> {_text(' '.join(filter(None, (sheet.rest, sheet.watch))))}"
    noted = f'<p class="quiet">{_text(sheet.noted)}</p>' if sheet.noted else ""
    boxes = (
        _box(sheet.moved_title, sheet.moved_about, _bars(sheet.bars, as_images)),
        _box("Best and worst", "channels, where the gap is widest; certain ones first", _even(sheet.even)),
        _box(
            "What customers said",
            "",
            "".join(f"<p>{_text(line)}</p>" for line in sheet.voice) + _comments(sheet.comments),
        ),
        _box(
            "What is promised next",
            "",
            "".join(f"<p>{_text(line)}</p>" for line in sheet.following) + _bars(sheet.due, as_images),
        ),
    )
    return (
        f'<main class="weekly-sheet"><h1>{_text(sheet.title)}</h1><div class="quiet">{_text(sheet.compared)}</div>'
        f'<p class="said">{said}</p>{noted}'
        f'<div class="tiles">{"".join(_tile(tile, as_images) for tile in sheet.tiles)}</div>'
        f'<div class="columns">{"".join(boxes)}</div><footer>{_text(sheet.footer)}</footer></main>'
    )


def _text(text: str) -> str:
    return html.escape(one_line(text), quote=True)


def _box(title: str, about: str, content: str) -> str:
    quiet = f'<div class="quiet">{_text(about)}</div>' if about else ""
    return f'<section class="box"><h2>{_text(title)}</h2>{quiet}{content}</section>'


def _tile(tile: Tile, as_images: bool) -> str:
    change = f" {_text(tile.change)} {_text(tile.versus)}" if tile.change else ""
    lines = [
        f'<div class="quiet">{_text(tile.note)}</div>' if tile.note else "",
        f'<div class="crossed">{_text(tile.crossed)}</div>' if tile.crossed else "",
    ]
    return (
        f'<section class="box"><div>{_text(tile.label)}</div><div><span class="figure">{_text(tile.value)}</span>'
        f'<span class="quiet">{change}</span></div>{_spark(tile.spark, as_images)}{"".join(lines)}</section>'
    )


def _even(rows: Sequence[tuple[str, str, str, str]]) -> str:
    if not rows:
        return '<p class="quiet">Fewer than two channels to compare.</p>'
    cells = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr><th>Metric</th><th>Best</th><th>Worst</th><th>Gap</th></tr>{cells}</table>"


def _comments(comments: Sequence[Comment]) -> str:
    return "".join(
        f'<blockquote>“{_text(shortened(one.text))}”<div class="quiet">{_text(one.about)}</div></blockquote>'
        for one in comments
    )


def shortened(text: str) -> str:
    """A comment in one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_COMMENT else f"{line[: LONGEST_COMMENT - 1].rstrip()}…"


def _bars(bars: Sequence[Bar], as_images: bool) -> str:
    """Bars left and right of a middle line, each with its name before and its figures behind."""
    if not bars:
        return ""
    width, row, names, texts = 400, 21, 116, 150
    low, high = min(0.0, *(bar.value for bar in bars)), max(0.0, *(bar.value for bar in bars))
    scale = (width - names - texts) / ((high - low) or 1.0)
    zero = names - low * scale
    parts = []
    for place, bar in enumerate(bars):
        top = place * row
        start = zero + min(bar.value, 0.0) * scale
        parts.append(
            f'<text x="0" y="{top + 15}" fill="{LIGHT.ink}">{_text(format.cut(bar.label, 18))}</text>'
            f'<rect x="{start:.1f}" y="{top + 4}" width="{max(abs(bar.value) * scale, 1):.1f}" height="14" fill="{bar.color}"/>'
            f'<text x="{width - texts + 8}" y="{top + 15}" fill="{LIGHT.ink}">{_text(bar.text)}</text>'
        )
    height = len(bars) * row
    parts.append(
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}" stroke="{LIGHT.muted}" stroke-width="1"/>'
    )
    listed = ", ".join(f"{bar.label} {bar.text}" for bar in bars)
    return _drawing("".join(parts), width, height, listed, as_images)


def _spark(spark: Spark, as_images: bool) -> str:
    """A small line of the weeks over the band of what is usual; the last dot is hollow where the week is not over."""
    known = [value for value in spark.values if value is not None]
    if len(known) < 2:
        return ""
    width, height, pad = 300, 44, 5
    limits = [limit for limit in (spark.low, spark.high) if limit is not None]
    low, high = min(known + limits), max(known + limits)
    step = (width - 2 * pad) / (len(spark.values) - 1)

    def y(value: float) -> float:
        return pad + (high - value) / ((high - low) or 1.0) * (height - 2 * pad)

    points = [(pad + place * step, y(value)) for place, value in enumerate(spark.values) if value is not None]
    last = spark.values[-1]
    band = ""
    if spark.low is not None and spark.high is not None:
        band = f'<rect x="0" y="{y(spark.high):.1f}" width="{width}" height="{max(y(spark.low) - y(spark.high), 1):.1f}" fill="{LIGHT.grid}"/>'
    path = " ".join(f"{x:.1f},{value:.1f}" for x, value in points)
    fill = "#FFFFFF" if spark.is_unfinished else LIGHT.ink
    dot = (
        f'<circle cx="{width - pad}" cy="{y(last):.1f}" r="3.2" fill="{fill}" stroke="{LIGHT.ink}" stroke-width="1.5"/>'
        if last is not None
        else ""
    )
    drawn = f'{band}<polyline points="{path}" fill="none" stroke="{LIGHT.ink}" stroke-width="1.5"/>{dot}'
    return _drawing(drawn, width, height, spark.alt, as_images)


def _drawing(content: str, width: int, height: int, alt: str, as_images: bool) -> str:
    font = 'font-family="Source Sans, Source Sans Pro, Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="12"'
    if not as_images:
        return f'<svg role="img" aria-label="{_text(alt)}" viewBox="0 0 {width} {height}" {font}>{content}</svg>'
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {font}>{content}</svg>'
    return f'<img alt="{_text(alt)}" src="data:image/svg+xml;base64,{base64.b64encode(whole.encode()).decode()}">'
