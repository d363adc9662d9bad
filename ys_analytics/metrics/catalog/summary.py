"""Frames of metrics for many portfolios: each value with its sample, or the reason why it is null.

Depends on declarations, `histories` and `spans`. Does not say which metrics there are, or read a store, clock or
setting.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.catalog.null_reasons import (
    is_linkable,
    links_returns,
    not_linkable_reason,
    null_reason,
    observations,
)
from ys_analytics.metrics.declaration import Metric, named_metrics
from ys_analytics.metrics.drawdown.path import raw_depth
from ys_analytics.metrics.histories import histories
from ys_analytics.metrics.sample import OBSERVED, YEAR, Sample, finite_or_null, present
from ys_analytics.metrics.spans import days_by_dates, first_day, one_day, unknown

_RUN, _ORDERED, _PAIRS = "run:", "ordered:", "pairs:"
_RET, _DAILY, _MARKET, _DAYS = f"{OBSERVED}ret", f"{OBSERVED}daily", f"{OBSERVED}benchmark", "days:"
_DATES = ("at", "since", "until")
# Rows looked at before a frame is taken for sorted.
_ORDER_SAMPLE = 10_000
_COUNT_COLUMNS = ("n", "daily", "spanned", "unknown", _PAIRS)
_NOT_LINKABLE = "not linkable:"
_LONG = ("metric", "value", *_DATES, "n", "days", "coverage", "start", "end", "reason")
_WINDOW = ("n", "daily", "spanned", "unknown", "coverage", "start", "end", "days")


def fleet(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: str | Iterable[Metric | str] = HEADLINE,
    *,
    by: str = "portfolio_id",
    risk_free: float = 0.0,
    since: date | None = None,
) -> pl.DataFrame:
    """One row per portfolio, one column per metric, null where the metric refuses.

    Args:
        returns: Columns `by`, day Date, ret Float64, in time order within a portfolio, perhaps days Int64 (how many
            each return spans; by the dates where there is no such column), and benchmark Float64 when a metric
            needs it.
        metrics: What to compute: names, such as "sharpe_ratio", or declarations.
        by: The column that tells the portfolios apart.
        risk_free: Simple rate per year, as a fraction.
        since: First day of the window: earlier returns are left out, and one that begins before it and ends in it
            refuses what links returns. None: the whole history.

    Returns:
        In order of `returns`: `by`, n Int64 (returns present), daily Int64 (those that span one day), spanned Int64
        (the days all of them span), unknown Int64 (days whose return is not known), coverage Float64 (n per elapsed
        day), start and end Date (first and last day that a return covers), days Int64 (elapsed, both
        included), then the metrics.

    Raises:
        ContractError: a portfolio has two returns for one day.
        UsageError: no metric is called so.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2025, 1, 2)], "ret": [0.25, -0.5]})
    >>> fleet(frame).select("n", "total_return", "max_drawdown", "sharpe_ratio").row(0)
    (2, -0.375, -0.5, None)
    """
    metric_list = named_metrics(metrics)
    numbers = _numbers(returns, metric_list, by=by, risk_free=risk_free, since=since)
    return numbers.select(by, *_WINDOW, **{metric.name: _value(metric, since=since) for metric in metric_list})


def summarise(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: str | Iterable[Metric | str] = HEADLINE,
    *,
    by: str = "portfolio_id",
    risk_free: float = 0.0,
    since: date | None = None,
    portfolios: Iterable[str] | None = None,
) -> pl.DataFrame:
    """One row per portfolio and metric: the number, its dates, what it rests on, or why there is none.

    Args:
        returns: Columns `by`, day Date, ret Float64, in time order within a portfolio, perhaps days Int64 (how many
            each return spans), and benchmark Float64 when a metric needs it: `desk.daily_returns`,
            `desk.benchmark("ETH")`, or either up to a day by `.filter(pl.col("day") <= last)`. A row whose `ret` is
            null, NaN or infinite is a day without data.
        metrics: What to compute, by name or declaration; n counts the returns a metric uses: every one where it
            links them, those of one day where it describes a day, and with a benchmark the days on which both have one.
        by: The column that tells the portfolios apart.
        risk_free: Simple rate per year, as a fraction.
        since: First day of the window: earlier returns are left out, and one that begins before it and ends in it
            refuses what links returns. None: the whole history.
        portfolios: Everyone who must appear, so that a portfolio without a single return is
            refused by name instead of missing.

    Returns:
        `by` String; metric String; value Float64; at, since, until Date (the day it happened on,
        the peak, the recovery; null where the metric has none); n, days Int64; coverage Float64;
        start, end Date; reason String, null where there is a value. In order of `returns`, then `metrics`.

    Raises:
        ContractError: a portfolio has two returns for one day.
        UsageError: no metric is called so.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2025, 1, 2)], "ret": [0.25, -0.5]})
    >>> summarise(frame, ["total_return", "sharpe_ratio"]).select("metric", "value", "reason").rows()
    [('total_return', -0.375, None), ('sharpe_ratio', None, 'needs 30 days, has 2')]
    """
    metric_list = named_metrics(metrics)
    numbers = _numbers(returns, metric_list, by=by, risk_free=risk_free, since=since, dates=True)
    if portfolios is not None:
        portfolios_table = pl.DataFrame({by: list(portfolios)}, schema={by: numbers.schema[by]}).unique(
            maintain_order=True
        )
        missing = portfolios_table.join(numbers, on=by, how="anti", maintain_order="left")
        numbers = pl.concat(
            [numbers, missing.with_columns(pl.lit(0, pl.Int64).alias(name) for name in _COUNT_COLUMNS)],
            how="diagonal",
        )
    stated = _stated(numbers.with_row_index("row"), metric_list, since=since)
    long = pl.concat([_long(stated, metric, by=by) for metric in metric_list], how="diagonal")
    # Twelve tall pieces stacked: a stable sort by row interleaves them in the order of `chosen`.
    dateless = {name: pl.lit(None, pl.Date) for name in _DATES if name not in long.columns}
    return long.sort("row", maintain_order=True).with_columns(**dateless).select(by, *_LONG)


def _numbers(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: tuple[Metric, ...],
    *,
    by: str,
    risk_free: float,
    since: date | None,
    dates: bool = False,
) -> pl.DataFrame:
    """The bare numbers of each portfolio; a frame out of order is sorted first."""
    ret, daily, market, days = pl.col(_RET), pl.col(_DAILY), pl.col(_MARKET), pl.col(_DAYS)
    sample = Sample(ret=ret, daily=daily, days=days, benchmark=market, risk_free=risk_free / YEAR)
    row_columns = histories(returns, by=by)
    paired = "benchmark" in row_columns.collect_schema()
    columns = {
        metric.name: pl.lit(None, pl.Float64) if metric.benchmark and not paired else metric.of(sample)
        for metric in metrics
    }
    columns[_PAIRS] = ((present(daily) & present(market)).sum() if paired else pl.lit(None)).cast(pl.Int64)
    if dates:
        columns |= {
            f"{metric.name}:{name}": dated(sample)
            for metric in metrics
            for name in _DATES
            if (dated := getattr(metric, name)) is not None
        }
    # Most frames are sorted, and to look costs as much as an aggregate: hope, and look afterwards. But a
    # shuffled frame has a run for every row, which the first rows tell.
    computable = _starts_in_order(row_columns, by)
    numbers = _aggregate(
        row_columns if computable else row_columns.sort(by, "day"), columns, by=by, since=since
    ).collect()
    if computable and not _is_in_order(numbers, by):
        numbers = _aggregate(row_columns.sort(by, "day"), columns, by=by, since=since).collect()
    if not _is_in_order(numbers, by):
        repeated = numbers.filter(~pl.col(_ORDERED)).get_column(by)[0]
        raise ContractError(
            f"returns: {by} {repeated} has two returns for one day, or one without a day; keep one of them"
        )
    return numbers.drop(_ORDERED)


def _aggregate(returns: pl.LazyFrame, columns: dict[str, pl.Expr], *, by: str, since: date | None) -> pl.LazyFrame:
    """One aggregation per run of equal `by`: numbered runs group many times faster than text does."""
    day, run, ret, days = pl.col("day"), pl.col(_RUN), pl.col(_RET), pl.col(_DAYS)
    schema = returns.collect_schema()
    spanned = pl.col("days").fill_null(1) if "days" in schema else days_by_dates(ret, day=day, run=run)
    single_day = [one_day(ret, days=days).alias(_DAILY)]
    if "benchmark" in schema:
        benchmark = finite_or_null(pl.col("benchmark"))
        single_day.append(one_day(benchmark, days=days_by_dates(benchmark, day=day, run=run)).alias(_MARKET))
    rows = (
        returns.with_columns(pl.col(by).rle_id().alias(_RUN), finite_or_null(pl.col("ret")).alias(_RET))
        .with_columns(
            ((run != run.shift(1)).fill_null(value=True) | (day > day.shift(1)).fill_null(value=False)).alias(_ORDERED),
            spanned.cast(pl.Int64).alias(_DAYS),
        )
        .with_columns(single_day)
        .set_sorted(_RUN)
    )
    if since is not None:
        rows = rows.filter((day >= since) | day.is_null()).set_sorted(_RUN)
    # The path joined to its rows: in half the time that `over` takes, for the runs are in order already.
    path = rows.group_by(_RUN, maintain_order=True).agg(depth=raw_depth(ret)).select(pl.col("depth").explode())
    present_rows = present(ret)
    return (
        pl.concat([rows, path], how="horizontal")
        .set_sorted(_RUN)
        .group_by(_RUN, maintain_order=True)
        .agg(
            pl.col(by).first(),
            pl.col(_ORDERED).all() & (day.null_count() == 0),
            n=ret.count().cast(pl.Int64),
            daily=pl.col(_DAILY).count().cast(pl.Int64),
            spanned=pl.when(present_rows).then(days).sum().cast(pl.Int64),
            unknown=unknown(schema.names()).sum().cast(pl.Int64),
            start=pl.when(present_rows).then(first_day(day=day, days=days)).min(),
            end=pl.when(present_rows).then(day).max(),
            **columns,
        )
        .drop(_RUN)
        .with_columns(days=(pl.col("end") - pl.col("start")).dt.total_days() + 1)
        .with_columns(coverage=pl.col("n") / pl.col("days"))
    )


def _starts_in_order(returns: pl.LazyFrame, by: str) -> bool:
    first = returns.select(by).head(_ORDER_SAMPLE).collect().get_column(by)
    return first.rle_id().n_unique() == first.n_unique()


def _is_in_order(numbers: pl.DataFrame, by: str) -> bool:
    return bool(numbers.get_column(_ORDERED).all()) and not numbers.get_column(by).is_duplicated().any()


def _count(metric: Metric) -> pl.Expr:
    """What the metric counts against its minimum: days of its own, days with the benchmark, or days spanned."""
    return pl.col(_PAIRS) if metric.benchmark else observations(metric)


def _stated(numbers: pl.DataFrame, metrics: tuple[Metric, ...], *, since: date | None) -> pl.DataFrame:
    """The numbers of metrics that have enough of a sample, with their dates; and why returns cannot be linked."""
    values = {metric.name: _value(metric, since=since).cast(pl.Float64) for metric in metrics}
    dates = {
        column: pl.when(pl.col(metric.name).is_not_null()).then(pl.col(column))
        for metric in metrics
        for column in (f"{metric.name}:{name}" for name in _DATES)
        if column in numbers.columns
    }
    reason = not_linkable_reason(since=since).alias(_NOT_LINKABLE)
    return numbers.with_columns(reason, **values).with_columns(**dates)


def _value(metric: Metric, *, since: date | None) -> pl.Expr:
    """The number of a metric whose sample is large enough and linked, else null."""
    return pl.when((_count(metric) >= metric.minimum) & is_linkable(metric, since=since)).then(pl.col(metric.name))


def _long(stated: pl.DataFrame, metric: Metric, *, by: str) -> pl.DataFrame:
    """One metric of every portfolio, with its dates and, where it is null, its reason."""
    count, value = _count(metric), pl.col(metric.name)
    used = pl.col("n") if links_returns(metric) else count
    dates = {name: pl.col(column) for name in _DATES if (column := f"{metric.name}:{name}") in stated.columns}
    return stated.select(
        "row", by, metric=pl.lit(metric.name), value=value, **dates, n=used, days="days",
        coverage=used / pl.col("days"), start="start", end="end",
        reason=null_reason(metric, n=count, value=value, not_linkable=pl.col(_NOT_LINKABLE)),
    )  # fmt: skip
