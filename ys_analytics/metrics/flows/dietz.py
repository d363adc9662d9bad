"""Returns with external flows taken out: daily Modified Dietz, and their linking.

Takes closing values and flows, gives daily returns. Does not read a store, clock or setting.
Money that was withdrawn is not lost: a portfolio emptied by its owner returns nothing, not -100 %.
"""

import math
from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from ys_analytics.metrics.flows.classify import MONEY
from ys_analytics.metrics.growth import total_return
from ys_analytics.metrics.spans import UNPRICED
from ys_analytics.metrics.zones import in_utc

_DAY = timedelta(days=1)

# Money is at work while at least this part of the period's largest capital is in the portfolio.
MIN_CAPITAL_SHARE = 0.1

_NO_FLOWS = pl.LazyFrame(schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY})


def daily_returns(
    values: pl.DataFrame | pl.LazyFrame, flows: pl.DataFrame | pl.LazyFrame | None = None
) -> pl.DataFrame:
    r"""Return of each day with external flows taken out, by daily Modified Dietz.

    $$ r = \frac{V_1 - V_0 - F}{V_0 + \sum_i w_i F_i} $$

    $V_0$ and $V_1$ are closes and $w_i$ is the part of the period that flow $i$ was in. A close
    is the end of its day unless `values` says when it was taken. After a gap the return spans
    it: `days` says how long, nothing is invented for the days between.

    The denominator is the average capital over the period. Where the portfolio was empty, or nearly so, for a part of
    it, that average is taken over the rest, while money was at work: at least a tenth of the largest capital of the
    period was in, capital being $V_0$ and the flows so far (of flows at one moment, those in come first). 1,000 paid in
    at noon, 1,050 taken out an hour later return 5 %, at any hours; averaged over the whole day the capital would
    be 18.75 and the return 267 %. The same holds for the first deposit into an empty portfolio, for one that is far
    larger than what was there, and for taking everything out early in the day. Money in and out at one moment is
    measured against the most that its flows left in. While money is at work throughout, this is the formula above.

    Args:
        values: portfolio_id, day Date, value Decimal(38, 18); a day without a close has no row.
            An optional closed_at Datetime(us, UTC) is when the close was taken.
        flows: portfolio_id, timestamp Datetime(us, UTC), amount Decimal(38, 18), positive into
            the portfolio; a null amount is a flow that could not be valued. None: no flows.

    Returns:
        One row for each close, sorted: portfolio_id String, day Date, ret Float64, gain
        Decimal(38, 18) ($V_1 - V_0 - F$), flow Decimal(38, 18), capital Float64 (the average while money was at work),
        days Int64 since the last close, reason String: why `ret` is null (the first close, no
        capital at work, a flow without a price).

    Source:
        Dietz (1966), "Pension Funds: Measuring Investment Performance"; the ruling "daily return". That it fails where
        average capital is near zero, and that measurement starts with the first funding: Bacon (2008), ch. 2; large
        cash flows: GIPS Standards (2020), which asks for a valuation that snapshots of a day do not hold.

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> close = {
    ...     "portfolio_id": "a",
    ...     "day": [date(2025, 1, 1), date(2025, 1, 2)],
    ...     "value": [Decimal(100), Decimal(101)],
    ... }
    >>> daily_returns(pl.DataFrame(close)).select("ret", "reason").rows()
    [(None, 'the first close has nothing before it'), (0.01, None)]
    """
    closes = _closes(values)
    flow_amount = _flows_by_close(closes, _NO_FLOWS if flows is None else in_utc(flows, "timestamp", of="flows"))
    before = pl.col("value").shift(1).over("portfolio_id")
    start = before.cast(pl.Float64)
    capital = pl.coalesce("capital", start)
    flow = pl.col("flow").fill_null(pl.lit(0, MONEY))
    gain = pl.col("value") - before - flow
    has_unpriced_flow = pl.col("unpriced").fill_null(0)
    # Noise of a few parts in 10^12 of what moved is no capital.
    invested = pl.col("capital") > 1e-12 * (start.abs() + pl.col("moved").fill_null(0.0))
    reason = (
        pl.when(before.is_null())
        .then(pl.lit("the first close has nothing before it"))
        .when(has_unpriced_flow > 0)
        .then(pl.lit(UNPRICED))
        .when(~invested)
        .then(pl.lit("no capital was at work"))
    )
    ret = pl.when(pl.col("reason").is_null()).then(pl.col("gain").cast(pl.Float64) / pl.col("capital"))
    return (
        closes.join(flow_amount, on=["portfolio_id", "closed_at"], how="left", maintain_order="left")
        .with_columns(
            gain=pl.when(has_unpriced_flow == 0).then(gain),
            flow=pl.when(has_unpriced_flow == 0).then(flow),
            capital=capital,
            days=(pl.col("day") - pl.col("day").shift(1).over("portfolio_id")).dt.total_days(),
        )
        .with_columns(reason=reason)
        .select("portfolio_id", "day", ret.alias("ret"), "gain", "flow", "capital", "days", "reason")
        .collect()
    )


def _closes(values: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Closes in order, each with the moment it was taken: the end of its day unless stated."""
    closes = in_utc(values, "closed_at", of="values")
    if "closed_at" not in closes.collect_schema():
        closes = closes.with_columns(
            closed_at=(pl.col("day") + _DAY).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
    return closes.filter(pl.col("value").is_not_null()).sort("portfolio_id", "closed_at")


def _flows_by_close(closes: pl.LazyFrame, flows: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Flows of each period summed, and the average capital that they leave at work."""
    earlier = pl.col("closed_at", "value").shift(1).over("portfolio_id")
    periods = closes.select("portfolio_id", "closed_at", earlier.name.map(_OPENING.__getitem__))
    return (
        flows.lazy()
        .sort("timestamp")
        # A flow at the very moment of a close belongs to the period that starts there.
        .join_asof(
            periods.sort("closed_at"),
            left_on="timestamp",
            right_on="closed_at",
            by="portfolio_id",
            strategy="forward",
            allow_exact_matches=False,
            coalesce=False,
            check_sortedness=False,
        )
        .filter(pl.col("opened_at").is_not_null())
        .sort("portfolio_id", "timestamp", "amount", descending=[False, False, True], nulls_last=True)
        .group_by("portfolio_id", "closed_at", maintain_order=True)
        .agg(
            flow=pl.col("amount").sum().cast(MONEY),
            capital=_capital(),
            moved=pl.col("amount").cast(pl.Float64).abs().sum(),
            unpriced=pl.col("amount").is_null().sum(),
        )
    )


_OPENING = {"closed_at": "opened_at", "value": "opening"}


def _capital() -> pl.Expr:
    """Average capital of one period while money was at work, from its flows in order of time."""
    opening, opened = pl.col("opening").first().cast(pl.Float64), pl.col("opened_at").first()
    moment, closed, amount = pl.col("timestamp"), pl.col("closed_at"), pl.col("amount").cast(pl.Float64)
    period_length = (closed.first() - opened).dt.total_microseconds()
    weight = (closed - moment).dt.total_microseconds() / period_length
    balance = amount.fill_null(0.0).cum_sum() + opening
    duration = (moment.shift(-1).fill_null(closed) - moment).dt.total_microseconds()
    duration_before_flows = (moment.first() - opened).dt.total_microseconds()
    peak = pl.max_horizontal(balance.max(), opening)
    min_balance = peak.clip(lower_bound=0.0) * MIN_CAPITAL_SHARE
    time_at_work = pl.when(balance > min_balance).then(duration).otherwise(0).sum() + pl.when(
        opening > min_balance
    ).then(duration_before_flows).otherwise(0)
    weighted_balance = (
        pl.when(balance > min_balance).then(balance * duration).otherwise(0.0).sum()
        + pl.when(opening > min_balance).then(opening * duration_before_flows).otherwise(0.0)
    )  # fmt: skip
    return (
        pl.when(time_at_work == period_length)
        .then((amount * weight).sum() + opening)
        .when(time_at_work > 0)
        .then(weighted_balance / time_at_work)
        .otherwise(balance.max())
    )


def time_weighted_return(ret: pl.Expr) -> pl.Expr:
    r"""Growth of money that never moved: period returns between flows, linked.

    $$ R = \prod_t (1 + r_t) - 1 $$

    Args:
        ret: Returns of `daily_returns`, so with flows taken out.

    Returns:
        One Float64 fraction per group; withdrawing all of it changes nothing. Null without a return.

    Source:
        CFA Institute (2020), GIPS Standards.

    >>> pl.DataFrame({"ret": [0.1, None, 0.1]}).select(time_weighted_return(pl.col("ret"))).item()
    0.21...
    """
    return total_return(ret)


def modified_dietz(begin: float, end: float, flows: Iterable[tuple[float, float]]) -> float | None:
    r"""Return of one period with flows inside, each weighted by the part of the period it was in.

    $$ r = \frac{V_1 - V_0 - F}{V_0 + \sum_i w_i F_i} $$

    Args:
        begin: $V_0$.
        end: $V_1$.
        flows: Pairs of amount (positive into the portfolio) and weight from 0 to 1.

    Returns:
        A fraction of the period, not annualised; None when the average capital is not positive, or a number
        is not finite.

    Source:
        Dietz (1966), "Pension Funds: Measuring Investment Performance".

    >>> modified_dietz(100, 300, [(50, 0.5)])
    1.2
    """
    flow_amount = list(flows)
    capital = average_capital(begin, flow_amount)
    gain = end - begin - sum(amount for amount, _ in flow_amount)
    return gain / capital if capital > 0 and math.isfinite(gain / capital) else None


def average_capital(begin: float, flows: Iterable[tuple[float, float]]) -> float:
    """Capital at work in a period: the start, and each flow for the part of the period it was in.

    >>> average_capital(100, [(50, 0.5)])
    125.0
    """
    return begin + sum(amount * weight for amount, weight in flows)
