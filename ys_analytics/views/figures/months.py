"""How monthly returns scatter, drawn."""

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.histogram import Histogram, why_none
from ys_analytics.views.view import View, not_shown

_MIN_MONTHS = 3


def month_distribution(months: pl.DataFrame) -> View:
    """Histogram of the returns of whole months.

    Args:
        months: month Date, ret Float64, whole Boolean; others than whole months are left out.
    """
    title = "Distribution of monthly returns"
    whole = months.filter(pl.col("whole") & pl.col("ret").is_not_null())
    rets = whole["ret"].to_list()
    if reason := why_none(rets, minimum=_MIN_MONTHS, period="whole months", adjective="monthly"):
        return not_shown(title, reason, size="half")
    bins = Histogram.of(rets, max_bins=8)
    across = theme.value_axis(bins.edges[0], bins.edges[-1], "fraction", max_ticks=5, showgrid=False, zeroline=False)
    across.layout["range"] = [bins.edges[0] - bins.width / 4, bins.edges[-1] + bins.width / 4]
    up = theme.value_axis(0, max(bins.counts), "count", max_ticks=4)
    parts = months.filter(~pl.col("whole"))["month"].to_list()
    listed = formats.join_words(f"{formats.MONTHS[month.month - 1]} {month.year}" for month in parts)
    return Chart(
        title=title,
        subtitle=f"months in each bin of {formats.text(bins.width, 'rate')}, {formats.count(len(rets), 'whole month')}",
        fields=bins.fields("months"),
        rows=bins.rows,
        labels=(*across.labels, *up.labels, str(len(rets))),
        alt=f"{formats.count(len(rets), 'whole month')}, from {formats.text(min(rets), 'fraction')} to "
        f"{formats.text(max(rets), 'fraction')}.",
        notes=(f"Parts of months, left out: {listed}.",) if parts else (),
        traces=(bins.bars("months", decimals=1),),
        layout=theme.layout(height=200, left=30, right=8, xaxis=across.layout, yaxis=up.layout, bargap=0.08),
        size="half",
    )
