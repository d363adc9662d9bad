"""Every metric's name, title, unit, formula, direction, least sample and source, and the frame of them.

Knows the printing facts and how a number is refused; what a metric is, its own
function says. Tables, axes, glossary and `ys metrics` read this and nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics import drawdown, performance, risk
from ys_analytics.metrics.sample import YEAR, Sample, observed

Unit = Literal["fraction", "fraction per year", "ratio", "days", "periods", "share"]
Better = Literal["higher", "lower", "neither"]
Formula = Callable[[Sample], pl.Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number: what prints beside it, and the expression it comes from.

    Attributes:
        name: Of its column, and of its function.
        title: For people.
        unit: Of the value; fractions print as per cent.
        formula: In TeX.
        better: Which way is good.
        minimum: Observations below which it is refused.
        undefined: Why it is null although there are enough observations.
        source: Where the definition stands.
        of: The expression over a `Sample`.
        at: The Date it happened on: best day, trough.
        since: The Date it began: the peak.
        until: The Date it ended: the recovery, null while it lasts.
        benchmark: Whether it needs a benchmark.
    """

    name: str
    title: str
    unit: Unit
    formula: str
    better: Better
    minimum: int
    undefined: str
    source: str
    of: Formula
    at: Formula | None = None
    since: Formula | None = None
    until: Formula | None = None
    benchmark: bool = False


TOTAL_RETURN = Metric(
    name="total_return",
    title="Total return",
    unit="fraction",
    formula=r"\prod_t (1 + r_t) - 1",
    better="higher",
    minimum=1,
    undefined="a return is below -100 %",
    source="Bacon (2008), ch. 3",
    of=lambda s: performance.total_return(s.ret),
)
CAGR = Metric(
    name="cagr",
    title="Compound annual growth",
    unit="fraction per year",
    formula=r"\Big(\prod_t (1 + r_t)\Big)^{365/d} - 1",
    better="higher",
    minimum=30,
    undefined="a return is below -100 %, or the growth overflows",
    source="GIPS Standards (2020), by elapsed time",
    of=lambda s: performance.cagr(s.ret, day=s.day),
)
VOLATILITY = Metric(
    name="volatility",
    title="Volatility",
    unit="fraction per year",
    formula=r"\sqrt{N}\,\operatorname{std}(r)",
    better="lower",
    minimum=30,
    undefined="the returns overflow",
    source="Bacon (2008), ch. 4",
    of=lambda s: performance.volatility(s.ret, periods_per_year=s.periods_per_year),
)
SHARPE_RATIO = Metric(
    name="sharpe_ratio",
    title="Sharpe ratio",
    unit="ratio",
    formula=r"\sqrt{N}\,\frac{\operatorname{mean}(r - f)}{\operatorname{std}(r - f)}",
    better="higher",
    minimum=30,
    undefined="the returns do not vary",
    source="Sharpe (1994), J. Portfolio Management 21(1)",
    of=lambda s: performance.sharpe_ratio(s.ret, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
)
SORTINO_RATIO = Metric(
    name="sortino_ratio",
    title="Sortino ratio",
    unit="ratio",
    formula=r"\sqrt{N}\,\frac{\operatorname{mean}(r) - f}{\sqrt{\operatorname{mean}(\min(r - f, 0)^2)}}",
    better="higher",
    minimum=30,
    undefined="no return is below the target",
    source="Sortino and Price (1994), J. of Investing 3(3)",
    of=lambda s: performance.sortino_ratio(s.ret, periods_per_year=s.periods_per_year, target=s.risk_free),
)
MAX_DRAWDOWN = Metric(
    name="max_drawdown",
    title="Maximum drawdown",
    unit="fraction",
    formula=r"\min_t \Big(\frac{W_t}{\max(1, \max_{s \le t} W_s)} - 1\Big)",
    better="higher",
    minimum=1,
    undefined="a return is below -100 %",
    source="Magdon-Ismail and Atiya (2004), Risk 17(10)",
    of=lambda s: drawdown.max_drawdown(s.ret, depth=s.depth),
    at=lambda s: drawdown.trough_date(s.ret, day=s.day, depth=s.depth),
    since=lambda s: drawdown.peak_date(s.ret, day=s.day, depth=s.depth),
    until=lambda s: drawdown.recovery_date(s.ret, day=s.day, depth=s.depth),
)
CALMAR_RATIO = Metric(
    name="calmar_ratio",
    title="Calmar ratio",
    unit="ratio",
    formula=r"G / |D_{\max}|",
    better="higher",
    minimum=30,
    undefined="the value never fell, or a return is below -100 %",
    source="Young (1991), Futures 20(1)",
    of=lambda s: performance.calmar_ratio(s.ret, growth=performance.cagr(s.ret, day=s.day), depth=s.depth),
)
VALUE_AT_RISK = Metric(
    name="value_at_risk",
    title="Value at risk 95 %, one day, historical",
    unit="fraction",
    formula=r"-Q_{0.05}(r)",
    better="lower",
    minimum=30,
    undefined="there is no return",
    source="Jorion (2006), ch. 5",
    of=lambda s: risk.value_at_risk(s.ret, confidence=s.confidence),
)
EXPECTED_SHORTFALL = Metric(
    name="expected_shortfall",
    title="Expected shortfall 95 %, one day, historical",
    unit="fraction",
    formula=r"-\operatorname{mean}(r_t : r_t \le Q_{0.05}(r))",
    better="lower",
    minimum=30,
    undefined="there is no return",
    source="Acerbi and Tasche (2002), J. Banking and Finance 26",
    of=lambda s: risk.expected_shortfall(s.ret, confidence=s.confidence),
)
BEST_DAY = Metric(
    name="best_day",
    title="Best day",
    unit="fraction",
    formula=r"\max_t r_t",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    of=lambda s: performance.best_day(s.ret),
    at=lambda s: performance.best_day_date(s.ret, day=s.day),
)
WORST_DAY = Metric(
    name="worst_day",
    title="Worst day",
    unit="fraction",
    formula=r"\min_t r_t",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    of=lambda s: performance.worst_day(s.ret),
    at=lambda s: performance.worst_day_date(s.ret, day=s.day),
)
WIN_RATE = Metric(
    name="win_rate",
    title="Winning days",
    unit="share",
    formula=r"\#\{t : r_t > 0\} / n",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    of=lambda s: performance.win_rate(s.ret),
)

HEADLINE: tuple[Metric, ...] = (
    TOTAL_RETURN,
    CAGR,
    VOLATILITY,
    SHARPE_RATIO,
    SORTINO_RATIO,
    MAX_DRAWDOWN,
    CALMAR_RATIO,
    VALUE_AT_RISK,
    EXPECTED_SHORTFALL,
    BEST_DAY,
    WORST_DAY,
    WIN_RATE,
)

ALL: tuple[Metric, ...] = HEADLINE
METRICS: dict[str, Metric] = {metric.name: metric for metric in ALL}

_RUN, _ORDERED = "run:", "ordered:"
_DATES = ("at", "since", "until")
_WINDOW = ("n", "coverage", "start", "end", "days")


def fleet(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: Iterable[Metric] = HEADLINE,
    *,
    by: str = "portfolio_id",
    risk_free: float = 0.0,
) -> pl.DataFrame:
    """One row per portfolio, one column per metric, null where the metric refuses.

    Args:
        returns: Columns `by`, day Date, ret Float64, in time order within a portfolio, and
            benchmark Float64 when a metric needs it.
        metrics: What to compute.
        by: The column that tells the portfolios apart.
        risk_free: Simple rate per year, as a fraction.

    Returns:
        In order of `returns`: `by`, n Int64 (returns present), coverage Float64 (n per elapsed day), start and end
        Date (first and last return), days Int64 (elapsed, both included), then the metrics.

    Raises:
        ContractError: a portfolio has two returns for one day.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2025, 1, 2)], "ret": [0.25, -0.5]})
    >>> fleet(frame).select("n", "total_return", "max_drawdown", "sharpe_ratio").row(0)
    (2, -0.375, -0.5, None)
    """
    chosen = tuple(metrics)
    numbers = _numbers(returns, chosen, by=by, risk_free=risk_free)
    refused = {metric.name: pl.when(pl.col("n") >= metric.minimum).then(pl.col(metric.name)) for metric in chosen}
    return numbers.select(by, *_WINDOW, **refused)


def summarise(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: Iterable[Metric] = HEADLINE,
    *,
    by: str = "portfolio_id",
    risk_free: float = 0.0,
    portfolios: Iterable[str] | None = None,
) -> pl.DataFrame:
    """One row per portfolio and metric: the number, its dates, what it rests on, or why there is none.

    Args:
        returns: As for `fleet`; a row whose `ret` is null, NaN or infinite is a day without data.
        metrics: What to compute.
        by: The column that tells the portfolios apart.
        risk_free: Simple rate per year, as a fraction.
        portfolios: Everyone who must appear, so that a portfolio without a single return is
            refused by name instead of missing.

    Returns:
        `by` String; metric String; value Float64; at, since, until Date (the day it happened on,
        the peak, the recovery; null where the metric has none); n, days Int64; coverage Float64;
        start, end Date; reason String, null beside a value. In order of `returns`, then `metrics`.

    Raises:
        ContractError: a portfolio has two returns for one day.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2025, 1, 2)], "ret": [0.25, -0.5]})
    >>> summarise(frame, (TOTAL_RETURN, SHARPE_RATIO)).select("metric", "value", "reason").rows()
    [('total_return', -0.375, None), ('sharpe_ratio', None, 'needs 30 days, has 2')]
    """
    chosen = tuple(metrics)
    numbers = _numbers(returns, chosen, by=by, risk_free=risk_free, dates=True)
    if portfolios is not None:
        everyone = pl.DataFrame({by: list(portfolios)}, schema={by: numbers.schema[by]}).unique(maintain_order=True)
        absent = everyone.join(numbers, on=by, how="anti", maintain_order="left")
        numbers = pl.concat([numbers, absent.with_columns(n=pl.lit(0, pl.Int64))], how="diagonal")
    numbers = numbers.with_row_index("row")
    tall = pl.concat([_tall(numbers, metric, by=by) for metric in chosen])
    # Twelve tall pieces stacked: a stable sort by row interleaves them in the order of `chosen`.
    return tall.sort("row", maintain_order=True).drop("row")


def _numbers(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: tuple[Metric, ...],
    *,
    by: str,
    risk_free: float,
    dates: bool = False,
) -> pl.DataFrame:
    """The bare numbers of each portfolio; a frame out of order is sorted first."""
    sample = Sample(risk_free=risk_free / YEAR)
    columns = {metric.name: metric.of(sample) for metric in metrics}
    if dates:
        columns |= {
            f"{metric.name}:{name}": date(sample)
            for metric in metrics
            for name in _DATES
            if (date := getattr(metric, name)) is not None
        }
    numbers = _aggregate(returns.lazy(), columns, by=by).collect()
    if not _in_order(numbers, by):
        numbers = _aggregate(returns.lazy().sort(by, "day"), columns, by=by).collect()
        if not _in_order(numbers, by):
            twice = numbers.filter(~pl.col(_ORDERED)).get_column(by)[0]
            raise ContractError(f"returns: {by} {twice} has two returns for one day; keep one of them")
    return numbers.drop(_ORDERED)


def _aggregate(returns: pl.LazyFrame, columns: dict[str, pl.Expr], *, by: str) -> pl.LazyFrame:
    """One aggregation per run of equal `by`: numbered runs group many times faster than text does."""
    day, run = pl.col("day"), pl.col(_RUN)
    seen = pl.when(pl.col("ret").is_finite()).then(day)
    return (
        returns.with_columns(pl.col(by).rle_id().alias(_RUN), ret=observed(pl.col("ret")))
        .with_columns(((run != run.shift(1)) | (day > day.shift(1))).fill_null(value=True).alias(_ORDERED))
        .set_sorted(_RUN)
        .with_columns(depth=drawdown.underwater(pl.col("ret")).over(_RUN))
        .group_by(_RUN, maintain_order=True)
        .agg(
            pl.col(by).first(),
            pl.col(_ORDERED).all(),
            n=pl.col("ret").count().cast(pl.Int64),
            start=seen.min(),
            end=seen.max(),
            **columns,
        )
        .drop(_RUN)
        .with_columns(days=(pl.col("end") - pl.col("start")).dt.total_days() + 1)
        .with_columns(coverage=pl.col("n") / pl.col("days"))
    )


def _in_order(numbers: pl.DataFrame, by: str) -> bool:
    return bool(numbers.get_column(_ORDERED).all()) and not numbers.get_column(by).is_duplicated().any()


def _tall(numbers: pl.DataFrame, metric: Metric, *, by: str) -> pl.DataFrame:
    """One metric of every portfolio, with its dates and, where it is null, its reason."""
    n, unit = pl.col("n"), "day" if metric.minimum == 1 else "days"
    enough = n >= metric.minimum
    value = pl.when(enough).then(pl.col(metric.name).cast(pl.Float64))
    given = {name: pl.col(column) for name in _DATES if (column := f"{metric.name}:{name}") in numbers.columns}
    dates = {name: pl.when(value.is_not_null()).then(given.get(name, pl.lit(None, pl.Date))) for name in _DATES}
    reason = (
        pl.when(~enough)
        .then(pl.format(f"needs {metric.minimum} {unit}, has {{}}", n))
        .when(value.is_null())
        .then(pl.lit(metric.undefined))
    )
    return numbers.select(
        "row", by, metric=pl.lit(metric.name), value=value, **dates, n=n, days="days", coverage="coverage",
        start="start", end="end", reason=reason,
    )  # fmt: skip
