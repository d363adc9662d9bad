"""Money that crosses a portfolio's border, and returns with it taken out.

Knows which transactions are external, what they were worth, and how a day's return
is measured around them (daily Modified Dietz); knows no store, clock or setting.
Every assumption is counted: `flow_audit` says how many rows each rule decided.
"""

from datetime import timedelta

import polars as pl

from ys_analytics.metrics.performance import total_return

MONEY = pl.Decimal(38, 18)

# Decimal(38, 18) holds up to 10^20; a product beyond it is refused, not wrapped.
_MONEY_LIMIT = 1e20

_DAY = timedelta(days=1)

_NO_FLOWS = pl.LazyFrame(schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY})


def classify_flows(transactions: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Say of each transaction whether money crossed the portfolio's border, and by which rule.

    First match decides: (1) not `confirmed`: none; (2) `metadata.flow` is "external" or
    "internal": that; (3) `deposit` or `withdraw` without a `protocol_name`: external;
    (4) with one: internal; (5) any other type: internal.

    Args:
        transactions: At least transaction_type, status, protocol_name, metadata (JSON text).

    Returns:
        The same rows, and flow String ("external", "internal", "none") and rule String.

    Source:
        The project's ruling "external flow".

    >>> rows = {"transaction_type": ["deposit"], "status": ["confirmed"], "protocol_name": [None], "metadata": ["{}"]}
    >>> classify_flows(pl.DataFrame(rows)).select("flow", "rule").row(0)
    ('external', 'deposit or withdraw without a protocol')
    """
    kind = pl.col("transaction_type").cast(pl.String)
    stated = pl.col("metadata").str.json_path_match("$.flow")
    moves = kind.is_in(["deposit", "withdraw"])
    away = pl.col("protocol_name").fill_null("").str.strip_chars() == ""
    rule = (
        pl.when(pl.col("status").cast(pl.String).ne_missing("confirmed"))
        .then(pl.lit("not confirmed"))
        .when(stated == "external")
        .then(pl.lit("metadata says external"))
        .when(stated == "internal")
        .then(pl.lit("metadata says internal"))
        .when(moves & away)
        .then(pl.lit("deposit or withdraw without a protocol"))
        .when(moves)
        .then(pl.lit("deposit or withdraw with a protocol"))
        .otherwise(pl.lit("other type of transaction"))
    )
    flow = (
        pl.when(pl.col("rule") == "not confirmed")
        .then(pl.lit("none"))
        .when(pl.col("rule").is_in(["metadata says external", "deposit or withdraw without a protocol"]))
        .then(pl.lit("external"))
        .otherwise(pl.lit("internal"))
    )
    return transactions.lazy().with_columns(rule=rule).with_columns(flow=flow).collect()


def flow_audit(classified: pl.DataFrame, *, by: str | None = "portfolio_id") -> pl.DataFrame:
    """Count what each rule of `classify_flows` decided.

    Args:
        classified: What `classify_flows` gave.
        by: The column that tells the portfolios apart; None counts all together.

    Returns:
        `by`, flow String, rule String, transactions Int64, share Float64 (of the portfolio's).

    >>> flow_audit(pl.DataFrame({"flow": ["none"], "rule": ["not confirmed"]}), by=None).row(0)
    ('none', 'not confirmed', 1, 1.0)
    """
    keys = [] if by is None else [by]
    counted = (
        classified.group_by(*keys, "flow", "rule").agg(transactions=pl.len().cast(pl.Int64)).sort(*keys, "flow", "rule")
    )
    total = pl.col("transactions").sum()
    return counted.with_columns(share=pl.col("transactions") / (total.over(keys) if keys else total)).sort(
        *keys, "flow", "rule"
    )


def external_flows(
    classified: pl.DataFrame, prices: pl.DataFrame | pl.LazyFrame, *, max_age: timedelta = _DAY
) -> pl.DataFrame:
    """Value each external flow in USD at the last price known when it happened.

    A deposit is worth its `to` leg (else its `from` leg), a withdrawal its `from` leg
    (else its `to` leg), negative; another type that metadata calls external is worth
    what came in less what went out.

    Args:
        classified: What `classify_flows` gave, with portfolio_id, timestamp, from_asset_id,
            to_asset_id, from_amount, to_amount.
        prices: asset_id String, timestamp Datetime(us, UTC), price Decimal(38, 18), in USD.
        max_age: An older price is no price.

    Returns:
        portfolio_id, timestamp, amount Decimal(38, 18) in USD (positive = into the portfolio),
        rule String, reason String (why amount is null: no price, no amount). Sorted.

    Source:
        The project's ruling "external flow".
    """
    quotes = prices.lazy().select("asset_id", "timestamp", "price").drop_nulls().sort("timestamp")
    flows = classified.lazy().filter(pl.col("flow") == "external").sort("timestamp").with_row_index("row")
    for leg in ("from", "to"):
        quoted = quotes.select(
            pl.col("asset_id").alias(f"{leg}_asset_id"), "timestamp", pl.col("price").cast(MONEY).alias(f"{leg}_price")
        )
        flows = flows.join_asof(
            quoted, on="timestamp", by=f"{leg}_asset_id", strategy="backward", tolerance=max_age, check_sortedness=False
        )
    came, went = _worth("to"), _worth("from")
    kind = pl.col("transaction_type").cast(pl.String)
    amount = (
        pl.when(kind == "deposit")
        .then(pl.when(_moved("to")).then(came).otherwise(went))
        .when(kind == "withdraw")
        .then(0 - pl.when(_moved("from")).then(went).otherwise(came))
        .otherwise(
            pl.when(_moved("to")).then(came).otherwise(pl.lit(0, MONEY))
            - pl.when(_moved("from")).then(went).otherwise(pl.lit(0, MONEY))
        )
    )
    nothing = ~_moved("to") & ~_moved("from")
    reason = (
        pl.when(nothing)
        .then(pl.lit("the transaction states no amount"))
        .when(pl.col("amount").is_null())
        .then(pl.lit(f"no price within {max_age.total_seconds() / 3600:g} hours before it"))
    )
    return (
        flows.with_columns(amount=pl.when(~nothing).then(amount).cast(MONEY))
        .select("portfolio_id", "timestamp", "amount", "rule", reason=reason)
        .sort("portfolio_id", "timestamp")
        .collect()
    )


def _moved(leg: str) -> pl.Expr:
    return pl.col(f"{leg}_amount").is_not_null() & pl.col(f"{leg}_asset_id").is_not_null()


def _worth(leg: str) -> pl.Expr:
    """Quantity times price, exact; null where it would not fit a Decimal(38, 18)."""
    quantity, price = pl.col(f"{leg}_amount").cast(MONEY), pl.col(f"{leg}_price")
    fits = (quantity.cast(pl.Float64) * price.cast(pl.Float64)).abs() < _MONEY_LIMIT
    return pl.when(fits).then(quantity) * price


def daily_returns(
    values: pl.DataFrame | pl.LazyFrame, flows: pl.DataFrame | pl.LazyFrame | None = None
) -> pl.DataFrame:
    r"""Return of each day with external flows taken out, by daily Modified Dietz.

    $$ r = \frac{V_1 - V_0 - F}{V_0 + \sum_i w_i F_i} $$

    $V_0$ and $V_1$ are closes and $w_i$ is the part of the period that flow $i$ was in. A close
    is the end of its day unless `values` says when it was taken. After a gap the return spans
    it: `days` says how long, nothing is invented for the days between.

    Args:
        values: portfolio_id, day Date, value Decimal(38, 18); a day without a close has no row.
            An optional closed_at Datetime(us, UTC) is when the close was taken.
        flows: portfolio_id, timestamp Datetime(us, UTC), amount Decimal(38, 18), positive into
            the portfolio; a null amount is a flow nobody could value. None: no flows.

    Returns:
        One row for each close, sorted: portfolio_id String, day Date, ret Float64, gain
        Decimal(38, 18) ($V_1 - V_0 - F$), flow Decimal(38, 18), capital Float64 (the denominator),
        days Int64 since the last close, reason String: why `ret` is null (the first close, no
        capital at work, a flow without a price).

    Source:
        Dietz (1966), "Pension Funds: Measuring Investment Performance"; the ruling "daily return".

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
    moved = _flows_by_close(closes, _NO_FLOWS if flows is None else flows)
    before = pl.col("value").shift(1).over("portfolio_id")
    start = before.cast(pl.Float64)
    capital = start + pl.col("weighted").fill_null(0.0)
    flow = pl.col("flow").fill_null(pl.lit(0, MONEY))
    gain = pl.col("value") - before - flow
    unpriced = pl.col("unpriced").fill_null(0)
    # Noise of a few parts in 10^12 of what moved is no capital.
    at_work = pl.col("capital") > 1e-12 * (start.abs() + pl.col("moved").fill_null(0.0))
    reason = (
        pl.when(before.is_null())
        .then(pl.lit("the first close has nothing before it"))
        .when(unpriced > 0)
        .then(pl.lit("a flow of this day has no price"))
        .when(~at_work)
        .then(pl.lit("no capital was at work"))
    )
    ret = pl.when(pl.col("reason").is_null()).then(pl.col("gain").cast(pl.Float64) / pl.col("capital"))
    return (
        closes.join(moved, on=["portfolio_id", "closed_at"], how="left", maintain_order="left")
        .with_columns(
            gain=pl.when(unpriced == 0).then(gain),
            flow=pl.when(unpriced == 0).then(flow),
            capital=capital,
            days=(pl.col("day") - pl.col("day").shift(1).over("portfolio_id")).dt.total_days(),
        )
        .with_columns(reason=reason)
        .select("portfolio_id", "day", ret.alias("ret"), "gain", "flow", "capital", "days", "reason")
        .collect()
    )


def _closes(values: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Closes in order, each with the moment it was taken: the end of its day unless stated."""
    closes = values.lazy()
    if "closed_at" not in closes.collect_schema():
        closes = closes.with_columns(
            closed_at=(pl.col("day") + _DAY).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
    return closes.filter(pl.col("value").is_not_null()).sort("portfolio_id", "closed_at")


def _flows_by_close(closes: pl.LazyFrame, flows: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Flows of each period summed, and weighted by the part of it they were in."""
    periods = closes.select("portfolio_id", "closed_at", opened_at=pl.col("closed_at").shift(1).over("portfolio_id"))
    length = (pl.col("closed_at") - pl.col("opened_at")).dt.total_microseconds()
    weight = (pl.col("closed_at") - pl.col("timestamp")).dt.total_microseconds() / length
    amount = pl.col("amount").cast(pl.Float64)
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
        .group_by("portfolio_id", "closed_at")
        .agg(
            flow=pl.col("amount").sum().cast(MONEY),
            weighted=(amount * weight).sum(),
            moved=amount.abs().sum(),
            unpriced=pl.col("amount").is_null().sum(),
        )
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
