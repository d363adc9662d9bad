"""Style of every chart: colours, type, axes and ticks.

Depends on Plotly's layout. Does not know what is drawn. Colours are Okabe and Ito's, which the colour-blind tell apart,
darkened until they can be read as text on white; lines differ by dash as well, so that they survive a grey printer.
Ticks are chosen here and not by the browser: then the data JSON can hold every number on the page.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ys_analytics.views import formats

TEXT, GREY, FAINT, HAIR, BAND, PAPER = "#1a1a1a", "#595959", "#757575", "#dcdcdc", "#eef2f6", "#ffffff"
BLUE, VERMILION, SKY, ORANGE, GREEN, PURPLE = "#0072b2", "#b84a00", "#3390c8", "#8f5f00", "#00795a", "#a8487f"

# The same colours on a dark screen. Text has a contrast of 4.5 to 1 at least on its paper, marks have 3 to 1 (WCAG AA).
DARK = {
    TEXT: "#e8eaed",
    GREY: "#aab2ba",
    FAINT: "#8a939b",
    HAIR: "#343b42",
    BAND: "#232b33",
    PAPER: "#171b1f",
    BLUE: "#5cb3ea",
    VERMILION: "#ff9150",
    SKY: "#8fd0f5",
    ORANGE: "#f2b84b",
    GREEN: "#4cc9a0",
    PURPLE: "#e39bc3",
}

# Lines in their order of use: each has a colour and a dash of its own.
LINE_STYLES = (
    (BLUE, "solid"),
    (VERMILION, "dash"),
    (GREEN, "dot"),
    (PURPLE, "dashdot"),
    (ORANGE, "longdash"),
    (TEXT, "solid"),
)

FONT = "'Source Sans 3', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
SIZE, SMALL = 11.5, 10.5

# A page's column in CSS pixels: A4 less two margins of 15 mm.
WIDTHS = {"page": 680, "half": 332, "third": 216}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its Plotly layout, and the texts on it."""

    layout: Json
    labels: tuple[str, ...]


def tint(color: str, opacity: float) -> str:
    """A colour that lets what is behind it show through.

    >>> tint(BLUE, 0.08)
    'rgba(0,114,178,0.08)'
    """
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def escape(text: str) -> str:
    """Text for Plotly, which reads a little HTML in labels and TeX between two dollars; a name stays a name.

    >>> escape("<b>Söhne</b> & Co"), escape("$PEPE and $WIF")
    ('&lt;b&gt;Söhne&lt;/b&gt; &amp; Co', '&#36;PEPE and &#36;WIF')
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def ticks(low: float, high: float, *, max_ticks: int = 5) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`.

    >>> ticks(0.0, 0.83)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        spread = abs(high) * 0.05 or 1.0
        low, high = low - spread, high + spread
    rough = (high - low) / max_ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(
        round_factor for round_factor in (1, 2, 2.5, 5, 10) if round_factor * power >= rough * (1 - 1e-9)
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def compact_amount(value: float, step: float) -> str:
    """An amount on an axis: 250k, 1.5M.

    >>> compact_amount(1_500_000.0, 500_000.0), compact_amount(-250_000.0, 250_000.0), compact_amount(0.0, 1.0)
    ('1.5M', '−250k', '0')
    """  # noqa: RUF002 - a minus is a minus sign
    scale, letter = next(
        ((size, mark) for size, mark in ((1e9, "bn"), (1e6, "M"), (1e3, "k")) if max(abs(value), step) >= size),
        (1.0, ""),
    )
    if value == 0:
        return "0"
    places = _places(step / scale)
    return formats.number(value / scale, places) + letter


def _places(step: float) -> int:
    return next((places for places in range(10) if abs(step - round(step, places)) < step * 1e-6), 10)


def tick_text(value: float, step: float, unit: str) -> str:
    """A tick in its unit."""
    if unit == "USD":
        return compact_amount(value, step)
    if unit in {"fraction", "rate", "share"}:
        return (
            formats.number(float(f"{value * 100:.10g}"), _places(float(f"{step * 100:.10g}")))
            + formats.HARD_SPACE
            + "%"
        )
    return formats.number(value, _places(step))


def value_axis(low: float, high: float, unit: str, *, max_ticks: int = 5, pad: float = 0.0, **more: object) -> Axis:
    """An axis of values with a hairline at each tick, its range ending on ticks."""
    spread = (high - low) * pad
    positions = ticks(low - spread, high + spread, max_ticks=max_ticks)
    texts = tuple(tick_text(value, positions[1] - positions[0], unit) for value in positions)
    layout: Json = {
        "range": [positions[0], positions[-1]],
        "tickvals": positions,
        "ticktext": list(texts),
        "gridcolor": HAIR,
        "gridwidth": 0.6,
        "zeroline": positions[0] < 0 < positions[-1],
        "zerolinecolor": GREY,
        "zerolinewidth": 0.8,
        "tickfont": {"size": SMALL, "color": GREY},
        "fixedrange": False,
        "automargin": False,
        **more,
    }
    return Axis(layout, texts)


def sparse_axis(low: float, high: float, unit: str, **more: object) -> Axis:
    """An axis for a low panel: its range is what is in it, its ticks zero and the larger extreme, rounded inwards."""
    largest = max(abs(low), abs(high)) or 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    rounded = power * next(round_factor for round_factor in (5, 2, 1) if round_factor * power <= largest * (1 + 1e-9))
    positions = sorted({0.0, *(edge for edge in (-rounded, rounded) if low <= edge <= high)})
    texts = tuple(tick_text(value, rounded, unit) for value in positions)
    axis = value_axis(low, high if high > low else low + 1.0, unit)
    tick_layout: Json = {
        "range": [low * 1.05, high * 1.05] if high > low else [0.0, 1.0],
        "tickvals": positions,
        "ticktext": list(texts),
    }
    return Axis({**axis.layout, "zeroline": True, **tick_layout, **more}, texts)


def time_axis(start: date, end: date, *, max_ticks: int = 9, **more: object) -> Axis:
    """An axis of days, with ticks at the starts of months, weeks or days: the finest that leaves space between them."""
    positions, texts = _time_ticks(start, end, max_ticks)
    layout: Json = {
        "type": "date",
        "range": [start.isoformat(), end.isoformat()],
        "tickvals": [tick.isoformat() for tick in positions],
        "ticktext": texts,
        "showgrid": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": FAINT,
        "linecolor": FAINT,
        "linewidth": 0.8,
        "showline": True,
        "tickfont": {"size": SMALL, "color": GREY},
        "automargin": False,
        **more,
    }
    return Axis(layout, tuple(texts))


def _time_ticks(start: date, end: date, max_ticks: int) -> tuple[list[date], list[str]]:
    span = (end - start).days
    if span <= max_ticks:
        positions = [start + timedelta(days=step) for step in range(span + 1)]
        return positions, [f"{tick:%a} {tick.day}" for tick in positions]
    if span <= 7 * max_ticks:
        first = start + timedelta(days=-start.weekday() % 7)
        positions = [first + timedelta(weeks=step) for step in range(max_ticks + 1)]
        positions = [tick for tick in positions if tick <= end]
        return positions, [f"{tick.day} {formats.MONTHS[tick.month - 1]}" for tick in positions]
    months = [date(year, month, 1) for year in range(start.year, end.year + 1) for month in range(1, 13)]
    months = [month for month in months if start <= month <= end]
    month_step = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120) if len(months) <= step * max_ticks)
    positions = [month for month in months if (month.year * 12 + month.month - 1) % month_step == 0]
    return positions, [
        f"{formats.MONTHS[tick.month - 1]}<br>{tick.year}"
        if index == 0 or tick.month <= month_step
        else formats.MONTHS[tick.month - 1]
        for index, tick in enumerate(positions)
    ]


def layout(*, height: int, left: int = 48, right: int = 16, top: int = 10, bottom: int = 36, **more: object) -> Json:
    """The Plotly layout that all charts share."""
    return {
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
        "font": {"family": FONT, "size": SIZE, "color": TEXT},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FONT, "size": SIZE}},
        "separators": ".,",
        "bargap": 0.25,
        "dragmode": "zoom",
        **more,
    }


def note(text: str, *, x: object, y: object, color: str = TEXT, **more: object) -> Json:
    """A label next to what it names."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"size": SIZE, "color": color},
        "xanchor": "left",
        "align": "left",
        **more,
    }


def band(start: date, end: date) -> Json:
    """The shade behind the week the report is about."""
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": start.isoformat(),
        "x1": end.isoformat(),
        "y0": 0,
        "y1": 1,
        "fillcolor": BAND,
        "line": {"width": 0},
        "layer": "below",
    }


def line(y: float, *, color: str, dash: str = "dash", width: float = 1.2, **more: object) -> Json:
    """A level across the whole chart."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": {"color": color, "dash": dash, "width": width},
        **more,
    }
