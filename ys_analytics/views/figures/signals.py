"""Charts of sentiment of the assets held, and of alerts.

Depends on frames of the desk. Does not compute a figure.
"""

from datetime import date, timedelta

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown, statement

_DAY = timedelta(days=1)
_SEVERITIES = ("low", "medium", "high", "critical")
# Symbol, size and colour: the more severe, the darker and larger.
_SEVERITY_MARKS = {
    "low": ("circle-open", 6, theme.GREY),
    "medium": ("circle", 7, theme.SKY),
    "high": ("diamond", 9, theme.ORANGE),
    "critical": ("square", 10, theme.VERMILION),
}


def sentiment(scores: pl.DataFrame) -> View:
    """Dots: the mean sentiment of each asset held, this week and the week before.

    Args:
        scores: symbol String, mentions Int64, score Float64 (this week's mean, -1 to 1), before Float64 (last
            week's, null without a mention); best first.
    """
    title = "Sentiment of the assets held"
    mentioned = scores.filter(pl.col("score").is_not_null())
    if mentioned.is_empty():
        return not_shown(title, "no asset it holds was mentioned in the week", size="half")
    rows = mentioned.head(9).rows(named=True)
    x_axis = theme.value_axis(-1.0, 1.0, "score", max_ticks=4, side="top", showgrid=True)
    traces: list[Json] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [row["before"], row["score"]],
            "y": [index, index],
            "line": {"color": theme.FAINT, "width": 1.2},
            "hoverinfo": "skip",
        }
        for index, row in enumerate(rows)
        if row["before"] is not None
    ]
    traces.append(_dots(rows, "before", {"size": 7, "color": theme.PAPER, "line": {"color": theme.GREY, "width": 1.2}}))
    traces.append(
        _dots(
            rows, "score", {"size": 9, "color": [theme.BLUE if row["score"] >= 0 else theme.VERMILION for row in rows]}
        )
    )
    notes, labels = [], [*x_axis.labels]
    for index, row in enumerate(rows):
        score_text = formats.text(row["score"], "score signed")
        label = f"{theme.escape(formats.short(row['symbol'], max_length=10))} ({row['mentions']})"
        notes.append(
            theme.note(label, x=0, xref="paper", y=index, xshift=-78, font={"size": theme.SMALL, "color": theme.TEXT})
        )
        notes.append(
            theme.note(
                score_text, x=1, xref="paper", y=index, xshift=6, font={"size": theme.SMALL, "color": theme.TEXT}
            )
        )
        labels += [score_text, str(row["mentions"])]
    best, worst = rows[0], rows[-1]
    unmentioned = scores.filter(pl.col("score").is_null())["symbol"].to_list()
    return Chart(
        title=title,
        subtitle=f"{formats.MINUS}1 negative to +1 positive; filled: this week, hollow: week before; (mentions)",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="mentions", title="Mentions", unit="count"),
            Field(name="score", title="This week", unit="score signed"),
            Field(name="before", title="Week before", unit="score signed"),
        ),
        rows=tuple(mentioned.select("symbol", "mentions", "score", "before").iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Best spoken of: {best['symbol']} {formats.text(best['score'], 'score signed')}; "
            f"worst: {worst['symbol']} {formats.text(worst['score'], 'score signed')}."
        ),
        notes=(f"Not mentioned in the week: {', '.join(unmentioned)}.",) if unmentioned else (),
        traces=tuple(traces),
        layout=theme.layout(
            height=max(120, 40 + 20 * len(rows)),
            left=84,
            right=42,
            top=22,
            bottom=6,
            xaxis=x_axis.layout,
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
    """Marks: when each alert of the last quarter was raised, by severity.

    Args:
        alerts: created_at Datetime, severity Enum, alert_type, message, resolved_at; oldest first.
        week: First day and the day after the last of the week that is shaded.
    """
    title = "Alerts of the last 13 weeks"
    if alerts.is_empty():
        return statement(title, "No alert was raised in the last 13 weeks.", size="page")
    start = week[1] - timedelta(weeks=13)
    time = theme.time_axis(start, week[1] - _DAY, max_ticks=7)
    traces, notes, labels = [], [], [*time.labels, "13"]
    for index, severity in enumerate(reversed(_SEVERITIES)):
        of_severity = alerts.filter(pl.col("severity").cast(pl.String) == severity)
        symbol, size, color = _SEVERITY_MARKS[severity]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [f"{moment:%Y-%m-%dT%H:%M}" for moment in of_severity["created_at"]],
                "y": [index] * of_severity.height,
                "marker": {"symbol": symbol, "size": size, "color": color, "line": {"width": 1, "color": color}},
                "text": [theme.escape(formats.short(text, max_length=80)) for text in of_severity["message"]],
                "hovertemplate": "%{x|%-d %b}: %{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
        notes.append(
            theme.note(
                f"{severity} ({of_severity.height})",
                x=0,
                xref="paper",
                y=index,
                xshift=-78,
                font={"size": theme.SMALL, "color": theme.TEXT},
            )
        )
        labels.append(str(of_severity.height))
    counts = {
        severity: alerts.filter(pl.col("severity").cast(pl.String) == severity).height for severity in _SEVERITIES
    }
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
        alt="Alerts raised: "
        + formats.join_words(f"{number} {severity}" for severity, number in counts.items() if number)
        + ".",
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
