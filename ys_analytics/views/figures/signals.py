"""What people said about the assets held, and what the portfolio's owner was warned of, drawn.

Frames come from the desk, figures go to the page.
"""

from datetime import date, timedelta

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, refused, said

_DAY = timedelta(days=1)
_GRADES = ("low", "medium", "high", "critical")
# Graver is darker and larger, and has a shape of its own.
_MARKS = {
    "low": ("circle-open", 6, theme.GREY),
    "medium": ("circle", 7, theme.SKY),
    "high": ("diamond", 9, theme.ORANGE),
    "critical": ("square", 10, theme.VERMILION),
}


def sentiment(mood: pl.DataFrame) -> View:
    """Dots: how each asset held was spoken of this week, and the week before.

    Args:
        mood: symbol String, mentions Int64, score Float64 (this week's mean, -1 to 1), before Float64 (last
            week's, null without a mention); best first.
    """
    title = "Sentiment of the assets held"
    shown = mood.filter(pl.col("score").is_not_null())
    if shown.is_empty():
        return refused(title, "no asset it holds was mentioned in the week", size="half")
    rows = shown.head(9).rows(named=True)
    across = theme.value_axis(-1.0, 1.0, "score", most=4, side="top", showgrid=True)
    traces: list[Json] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [row["before"], row["score"]],
            "y": [place, place],
            "line": {"color": theme.FAINT, "width": 1.2},
            "hoverinfo": "skip",
        }
        for place, row in enumerate(rows)
        if row["before"] is not None
    ]
    traces.append(_dots(rows, "before", {"size": 7, "color": theme.PAPER, "line": {"color": theme.GREY, "width": 1.2}}))
    traces.append(
        _dots(
            rows, "score", {"size": 9, "color": [theme.BLUE if row["score"] >= 0 else theme.VERMILION for row in rows]}
        )
    )
    notes, labels = [], [*across.labels]
    for place, row in enumerate(rows):
        written = formats.written(row["score"], "score signed")
        shown_name = f"{theme.escape(formats.short(row['symbol'], most=10))} ({row['mentions']})"
        notes.append(
            theme.note(
                shown_name, x=0, xref="paper", y=place, xshift=-78, font={"size": theme.SMALL, "color": theme.INK}
            )
        )
        notes.append(
            theme.note(written, x=1, xref="paper", y=place, xshift=6, font={"size": theme.SMALL, "color": theme.INK})
        )
        labels += [written, str(row["mentions"])]
    best, worst = rows[0], rows[-1]
    silent = mood.filter(pl.col("score").is_null())["symbol"].to_list()
    return Chart(
        title=title,
        subtitle=f"{formats.MINUS}1 negative to +1 positive; filled: this week, hollow: week before; (mentions)",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="mentions", title="Mentions", unit="count"),
            Field(name="score", title="This week", unit="score signed"),
            Field(name="before", title="Week before", unit="score signed"),
        ),
        rows=tuple(shown.select("symbol", "mentions", "score", "before").iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Best spoken of: {best['symbol']} {formats.written(best['score'], 'score signed')}; "
            f"worst: {worst['symbol']} {formats.written(worst['score'], 'score signed')}."
        ),
        notes=(f"Not mentioned in the week: {', '.join(silent)}.",) if silent else (),
        traces=tuple(traces),
        layout=theme.layout(
            height=max(120, 40 + 20 * len(rows)),
            left=84,
            right=42,
            top=22,
            bottom=6,
            xaxis=across.layout,
            annotations=notes,
            yaxis={
                "range": [len(rows) - 0.5, -0.5],
                "showgrid": False,
                "showticklabels": False,
                "zeroline": False,
                "fixedrange": True,
            },
            hovermode="closest",
        ),
        size="half",
    )


def alert_timeline(alerts: pl.DataFrame, *, week: tuple[date, date]) -> View:
    """Marks: when each alert of the last quarter was raised and how grave it was.

    Args:
        alerts: created_at Datetime, severity Enum, alert_type, message, resolved_at; oldest first.
        week: First day and the day after the last of the week that is shaded.
    """
    title = "Alerts of the last 13 weeks"
    if alerts.is_empty():
        return said(title, "No alert was raised in the last 13 weeks.", size="page")
    start = week[1] - timedelta(weeks=13)
    time = theme.time_axis(start, week[1] - _DAY, most=7)
    traces, notes, labels = [], [], [*time.labels, "13"]
    for place, grade in enumerate(reversed(_GRADES)):
        some = alerts.filter(pl.col("severity").cast(pl.String) == grade)
        symbol, size, color = _MARKS[grade]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [f"{at:%Y-%m-%dT%H:%M}" for at in some["created_at"]],
                "y": [place] * some.height,
                "marker": {"symbol": symbol, "size": size, "color": color, "line": {"width": 1, "color": color}},
                "text": [theme.escape(formats.short(text, most=80)) for text in some["message"]],
                "hovertemplate": "%{x|%-d %b}: %{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
        notes.append(
            theme.note(
                f"{grade} ({some.height})",
                x=0,
                xref="paper",
                y=place,
                xshift=-78,
                font={"size": theme.SMALL, "color": theme.INK},
            )
        )
        labels.append(str(some.height))
    counts = {grade: alerts.filter(pl.col("severity").cast(pl.String) == grade).height for grade in _GRADES}
    return Chart(
        title=title,
        subtitle="by severity, count in brackets; the week is shaded",
        fields=(
            Field(name="created_at", title="Raised", unit="UTC"),
            Field(name="severity", title="Severity"),
            Field(name="alert_type", title="About"),
            Field(name="message", title="Message"),
            Field(name="resolved_at", title="Resolved", unit="UTC"),
        ),
        rows=tuple(alerts.select("created_at", "severity", "alert_type", "message", "resolved_at").iter_rows()),
        labels=tuple(labels),
        alt="Alerts raised: " + formats.listed(f"{number} {grade}" for grade, number in counts.items() if number) + ".",
        traces=tuple(traces),
        layout=theme.layout(
            height=128,
            left=84,
            right=10,
            xaxis=time.layout,
            shapes=[theme.band(*week)],
            annotations=notes,
            hovermode="closest",
            yaxis={
                "range": [3.6, -0.6],
                "tickvals": [0, 1, 2, 3],
                "showticklabels": False,
                "gridcolor": theme.HAIR,
                "zeroline": False,
                "fixedrange": True,
            },
        ),
        size="page",
    )


def _dots(rows: list[Json], column: str, marker: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row[column] for row in rows],
        "y": list(range(len(rows))),
        "marker": marker,
        "text": [theme.escape(row["symbol"]) for row in rows],
        "hovertemplate": "%{text}: %{x:+.2f}<extra></extra>",
        "cliponaxis": False,
    }
