"""How monthly returns scatter, drawn."""

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_FEW = 3


def month_distribution(months: pl.DataFrame) -> View:
    """Histogram of the returns of whole months.

    Args:
        months: month Date, ret Float64, whole Boolean; others than whole months are left out.
    """
    title = "Distribution of monthly returns"
    whole = months.filter(pl.col("whole") & pl.col("ret").is_not_null())
    rets = whole["ret"].to_list()
    if len(rets) < _FEW:
        return not_shown(title, f"needs {_FEW} whole months, has {len(rets)}", size="half")
    edges = theme.ticks(min(rets), max(rets), max_ticks=8)
    width = edges[1] - edges[0]
    places = [min(int((ret - edges[0]) / width + 1e-9), len(edges) - 2) for ret in rets]
    counts = [places.count(place) for place in range(len(edges) - 1)]
    across = theme.value_axis(edges[0], edges[-1], "fraction", max_ticks=5, showgrid=False, zeroline=False)
    across.layout["range"] = [edges[0] - width / 4, edges[-1] + width / 4]
    up = theme.value_axis(0, max(counts), "count", max_ticks=4)
    bars: Json = {
        "type": "bar",
        "x": [edge + width / 2 for edge in edges[:-1]],
        "y": counts,
        "width": width * 0.92,
        "marker": {"color": [theme.BLUE if edge + width / 2 >= 0 else theme.SKY for edge in edges[:-1]]},
        "hovertemplate": "about %{x:.1%}: %{y} months<extra></extra>",
    }
    parts = months.filter(~pl.col("whole"))["month"].to_list()
    listed = formats.join_words(f"{formats.MONTHS[month.month - 1]} {month.year}" for month in parts)
    return Chart(
        title=title,
        subtitle=f"months in each bin of {formats.text(width, 'rate')}, {formats.count(len(rets), 'whole month')}",
        fields=(
            Field(name="from", title="From", unit="fraction"),
            Field(name="to", title="To", unit="fraction"),
            Field(name="months", title="Months", unit="count"),
        ),
        rows=tuple(zip(edges[:-1], edges[1:], counts, strict=True)),
        labels=(*across.labels, *up.labels, str(len(rets))),
        alt=f"{formats.count(len(rets), 'whole month')}, from {formats.text(min(rets), 'fraction')} to "
        f"{formats.text(max(rets), 'fraction')}.",
        notes=(f"Parts of months, left out: {listed}.",) if parts else (),
        traces=(bars,),
        layout=theme.layout(height=200, left=30, right=8, xaxis=across.layout, yaxis=up.layout, bargap=0.08),
        size="half",
    )
