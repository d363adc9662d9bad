"""Metrics over a window that moves along the returns.

Expressions over rows in time order, for one series or, with `.over(...)`, for many; give them one row a day, null where
a day has no return of its own (`spans.one_day`), and a window that holds a gap has no number. `rolling` gives the table
of all portfolios at once. Does not read a store, clock or setting.
"""

import math

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.histories import histories, with_days
from ys_analytics.metrics.sample import NO_RISK, YEAR, check_periods, combine, finite_or_null, paired
from ys_analytics.schemas.arguments import checked

_RUN = "run:"


def rolling_return(ret: pl.Expr, *, window: int = 30) -> pl.Expr:
    """Compound return of the last `window` returns.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        window: Number of returns.

    Returns:
        One Float64 a row; null until there are enough, or where the window lacks a return.

    >>> pl.DataFrame({"ret": [0.5, 0.5, -0.5]}).select(rolling_return(pl.col("ret"), window=2)).to_series().to_list()
    [None, 1.25, -0.25]
    """
    # A product of powers of two: quotients of running products would break at a total loss.
    power, size, lookback, product = finite_or_null(ret) + 1, 1, 0, pl.lit(1.0)
    while size <= window:
        if window & size:
            product = power.shift(lookback) * product
            lookback += size
        power, size = power * power.shift(size), size * 2
    return finite_or_null(product - 1)


def rolling_volatility(
    ret: pl.Expr, *, periods_per_year: float, window: int = 30, min_samples: int | None = None
) -> pl.Expr:
    """`volatility` of the last `window` returns.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        periods_per_year: 365 for daily on-chain series.
        window: Number of rows.
        min_samples: Returns that must be present among them; all when None.

    Returns:
        One Float64 a row; null until there are enough.

    >>> frame = pl.DataFrame({"ret": [0.01, -0.01, 0.01]})
    >>> frame.select(rolling_volatility(pl.col("ret"), periods_per_year=1, window=2)).to_series().to_list()
    [None, 0.0141..., 0.0141...]
    """
    check_periods(periods_per_year)
    return finite_or_null(
        finite_or_null(ret).rolling_std(window, min_samples=min_samples) * math.sqrt(periods_per_year)
    )


def rolling_sharpe(
    ret: pl.Expr,
    *,
    periods_per_year: float,
    window: int = 30,
    risk_free: float = 0.0,
    min_samples: int | None = None,
) -> pl.Expr:
    """`sharpe_ratio` of the last `window` returns.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        periods_per_year: 365 for daily on-chain series.
        window: Number of rows.
        risk_free: Simple return per period.
        min_samples: Returns that must be present among them; all when None.

    Returns:
        One Float64 a row; null until there are enough, and where they do not vary.

    >>> frame = pl.DataFrame({"ret": [0.0, 0.02, 0.02]})
    >>> frame.select(rolling_sharpe(pl.col("ret"), periods_per_year=1, window=2)).to_series().to_list()
    [None, 0.70..., None]
    """
    check_periods(periods_per_year)
    ret = finite_or_null(ret)
    return combine(
        lambda mean, risk: finite_or_null((mean - risk_free) / _above_noise(risk) * math.sqrt(periods_per_year)),
        mean=ret.rolling_mean(window, min_samples=min_samples),
        risk=ret.rolling_std(window, min_samples=min_samples),
    )


def rolling_sortino(ret: pl.Expr, *, periods_per_year: float, window: int = 30, target: float = 0.0) -> pl.Expr:
    """`sortino_ratio` of the last `window` returns.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        periods_per_year: 365 for daily on-chain series.
        window: Number of rows.
        target: The least acceptable return per period.

    Returns:
        One Float64 a row; null until there are enough, and where none is below the target.

    >>> frame = pl.DataFrame({"ret": [0.5, -0.5, 0.5]})
    >>> frame.select(rolling_sortino(pl.col("ret"), periods_per_year=1, window=2)).to_series().to_list()
    [None, 0.0, 0.0]
    """
    check_periods(periods_per_year)
    ret = finite_or_null(ret)
    return combine(
        lambda mean, square: finite_or_null(
            (mean - target) / _above_noise(square.sqrt()) * math.sqrt(periods_per_year)
        ),
        mean=ret.rolling_mean(window),
        square=(ret - target).clip(upper_bound=0).pow(2).rolling_mean(window),
    )


def rolling_beta(ret: pl.Expr, benchmark: pl.Expr, *, window: int = 30) -> pl.Expr:
    """`beta` of the last `window` pairs of returns.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        benchmark: Those of the benchmark, in the same rows.
        window: Number of rows.

    Returns:
        One Float64 a row; null until there are enough, and where the benchmark does not vary.

    >>> frame = pl.DataFrame({"r": [0.2, -0.2, 0.0], "b": [0.1, -0.1, -0.1]})
    >>> frame.select(rolling_beta(pl.col("r"), pl.col("b"), window=2)).to_series().to_list()
    [None, 2.0, None]
    """
    # About their means: the sliding covariance subtracts products, which a large level would drown.
    r, b = (unit - unit.mean() for unit in paired(ret, benchmark))
    return combine(
        lambda shared, variance: finite_or_null(shared / _above_noise(variance, NO_RISK**2)),
        shared=pl.rolling_cov(r, b, window_size=window),
        variance=b.rolling_var(window),
    )


def _above_noise(risk: pl.Expr, smallest: float = NO_RISK) -> pl.Expr:
    """Risk that is more than the dust a sliding sum keeps of what left its window."""
    return pl.when(risk > smallest).then(risk)


def rolling_max_drawdown(ret: pl.Expr, *, window: int = 30) -> pl.Expr:
    """`max_drawdown` of the last `window` returns, the wealth before them counted as a peak.

    Args:
        ret: Simple returns per period, as fractions, in time order, none missing.
        window: Number of rows.

    Returns:
        One Float64 from -1 to 0 a row; null until there are enough, and after a total loss.

    >>> frame = pl.DataFrame({"ret": [-0.5, 0.5, -0.25]})
    >>> frame.select(rolling_max_drawdown(pl.col("ret"), window=2)).to_series().to_list()
    [None, -0.5, -0.25]
    """
    value = (finite_or_null(ret) + 1).cum_prod()
    # Of each row in the window, its fall from the highest wealth since the window began.
    before = value.shift(1, fill_value=1.0)
    falls = [
        (value / pl.max_horizontal(before.rolling_max(window - lag), value)).shift(lag) - 1 for lag in range(window)
    ]
    return finite_or_null(pl.when(value.shift(window - 1).is_not_null()).then(pl.min_horizontal(falls)))


@checked
def rolling(
    returns: pl.DataFrame | pl.LazyFrame,
    *,
    window: int = 30,
    risk_free: float = 0.0,
    periods_per_year: float = YEAR,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """Rolling volatility, Sharpe ratio and, with a benchmark, beta of every portfolio.

    A window of daily returns is of days: it has numbers where each of its days has a return of its own, by the rule in
    `metrics.spans`. After a gap it begins anew. Of other series (`periods_per_year` is not 365) it is of returns.

    Args:
        returns: Columns `by`, day Date, ret Float64 and perhaps benchmark Float64 and days Int64 (how many each return
            spans), sorted by `by` and day. Rows without a return are left out before the window moves.
        window: Number of days, or of returns.
        risk_free: Simple rate per year, as a fraction.
        periods_per_year: 365 for daily on-chain series.
        by: The column that tells the portfolios apart.

    Returns:
        `by`, day, volatility Float64, sharpe_ratio Float64 and, where there is a benchmark, beta
        Float64; null in the first `window - 1` rows of each portfolio, and where the window has a gap.

    Raises:
        ContractError: the frame is not sorted.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2025, 1, 2)], "ret": [0.0, 0.02]})
    >>> rolling(frame, window=2, periods_per_year=1).select("volatility", "sharpe_ratio").rows()
    [(None, None), (0.014..., 0.70...)]
    """
    check_periods(periods_per_year)
    ret, its, run, day = pl.col("ret"), pl.col("benchmark"), pl.col(_RUN), pl.col("day")
    plain = histories(returns, by=by)
    paired_with = "benchmark" in plain.collect_schema()
    rows = (
        plain.filter(ret.is_finite())
        .pipe(with_days, by=by)
        .select(
            by, "day", "days", pl.col(by).rle_id().alias(_RUN), "ret", *([finite_or_null(its)] if paired_with else [])
        )
        .collect()
    )
    begins = (run != run.shift(1)).fill_null(value=True)
    later_begin = rows.select((begins | (day > day.shift(1)).fill_null(value=False)).all()).item()
    if not later_begin or rows["day"].null_count() or rows.filter(begins)[by].is_duplicated().any():
        raise ContractError(f"returns: not sorted by {by} and day, or two returns for one day; sort them first")
    # What the formulas of the functions above share, each slid once.
    sliding_sum = {"mean:": ret.rolling_mean(window), "risk:": ret.rolling_std(window)}
    risk, variance, scale = pl.col("risk:"), pl.col("variance:"), math.sqrt(periods_per_year)
    numbers = {
        "volatility": (risk * scale, pl.lit(value=True)),
        "sharpe_ratio": ((pl.col("mean:") - risk_free / YEAR) / risk * scale, risk > NO_RISK),
    }
    if paired_with:
        own = ret if rows["benchmark"].null_count() == 0 else pl.when(its.is_not_null()).then(ret)
        sliding_sum |= {"shared:": pl.rolling_cov(own, its, window_size=window), "variance:": its.rolling_var(window)}
        numbers["beta"] = (pl.col("shared:") / variance, variance > NO_RISK**2)
    # One pass over all portfolios laid end to end, then nothing that reaches over a border:
    # measured twice as fast as the same by `over`.
    complete = run == run.shift(window - 1)
    if periods_per_year == YEAR:
        lookback = (day - day.shift(window - 1)).dt.total_days()
        complete &= (lookback == window - 1) & (pl.col("days").rolling_max(window) <= 1)
    return (
        rows.lazy()
        .select(by, "day", "days", _RUN, **sliding_sum)
        .select(
            by,
            "day",
            **{
                name: pl.when(complete & real & value.is_finite()).then(value)
                for name, (value, real) in numbers.items()
            },
        )
        .collect()
    )
