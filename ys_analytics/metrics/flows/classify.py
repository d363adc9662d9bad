"""Money that crosses a portfolio's border: which transactions it is, and what they were worth.

Has the rules and counts every assumption: `flow_audit` says how many rows each rule
decided. Does not read a store, clock or setting.
"""

from datetime import timedelta

import polars as pl

from ys_analytics.metrics.zones import in_utc
from ys_analytics.schemas.outcomes import moves

MONEY = pl.Decimal(38, 18)

# Decimal(38, 18) holds up to 10^20; a product beyond it is refused, not wrapped.
_MONEY_LIMIT = 1e20

_DAY = timedelta(days=1)


def classify_flows(transactions: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Say of each transaction whether money crossed the portfolio's border, and by which rule.

    First match decides: (1) a status that moves nothing (`schemas.outcomes`): none;
    (2) `metadata.flow` is "external" or "internal": that; (3) `deposit` or `withdraw` without
    a `protocol_name`: external; (4) with one: internal; (5) any other type: internal.

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
    rule = pl.when(~moves()).then(pl.lit("not confirmed")).otherwise(_rule())
    flow = (
        pl.when(~moves())
        .then(pl.lit("none"))
        .when(crosses_border())
        .then(pl.lit("external"))
        .otherwise(pl.lit("internal"))
    )
    return transactions.lazy().with_columns(rule=rule, flow=flow).collect()


def crosses_border() -> pl.Expr:
    """Whether a transaction is one that takes money over the portfolio's border, settled or not.

    Rules (2) to (5) of `classify_flows`, over transaction_type, protocol_name and metadata: a failed or pending
    deposit is of a kind that crosses, although nothing crossed.
    """
    return _rule().is_in(_CROSSING)


_STATED, _BY_RULE = "metadata says external", "deposit or withdraw without a protocol"
_CROSSING = (_STATED, _BY_RULE)


def _rule() -> pl.Expr:
    stated = pl.col("metadata").str.json_path_match("$.flow")
    any_leg = pl.col("transaction_type").cast(pl.String).is_in(["deposit", "withdraw"])
    leaves = pl.col("protocol_name").fill_null("").str.strip_chars() == ""
    return (
        pl.when(stated == "external")
        .then(pl.lit(_STATED))
        .when(stated == "internal")
        .then(pl.lit("metadata says internal"))
        .when(any_leg & leaves)
        .then(pl.lit(_BY_RULE))
        .when(any_leg)
        .then(pl.lit("deposit or withdraw with a protocol"))
        .otherwise(pl.lit("other type of transaction"))
    )


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
    counts = (
        classified.group_by(*keys, "flow", "rule", maintain_order=True)
        .agg(transactions=pl.len().cast(pl.Int64))
        .sort(*keys, "flow", "rule")
    )
    total = pl.col("transactions").sum()
    return counts.with_columns(share=pl.col("transactions") / (total.over(keys) if keys else total)).sort(
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
    quotes = (
        in_utc(prices, "timestamp", of="prices").select("asset_id", "timestamp", "price").drop_nulls().sort("timestamp")
    )
    flows = (
        in_utc(classified, "timestamp", of="transactions")
        .filter(pl.col("flow") == "external")
        .sort("timestamp", maintain_order=True)
        .with_row_index("row")
    )
    for leg in ("from", "to"):
        quoted = quotes.select(
            pl.col("asset_id").alias(f"{leg}_asset_id"), "timestamp", pl.col("price").cast(MONEY).alias(f"{leg}_price")
        )
        flows = flows.join_asof(
            quoted, on="timestamp", by=f"{leg}_asset_id", strategy="backward", tolerance=max_age, check_sortedness=False
        )
    received, sent = _value("to"), _value("from")
    kind = pl.col("transaction_type").cast(pl.String)
    amount = (
        pl.when(kind == "deposit")
        .then(pl.when(_moved("to")).then(received).otherwise(sent))
        .when(kind == "withdraw")
        .then(0 - pl.when(_moved("from")).then(sent).otherwise(received))
        .otherwise(
            pl.when(_moved("to")).then(received).otherwise(pl.lit(0, MONEY))
            - pl.when(_moved("from")).then(sent).otherwise(pl.lit(0, MONEY))
        )
    )
    no_rows = ~_moved("to") & ~_moved("from")
    reason = (
        pl.when(no_rows)
        .then(pl.lit("the transaction states no amount"))
        .when(pl.col("amount").is_null())
        .then(pl.lit(f"no price within {max_age.total_seconds() / 3600:g} hours before it"))
    )
    return (
        flows.with_columns(amount=pl.when(~no_rows).then(amount).cast(MONEY))
        .select("portfolio_id", "timestamp", "amount", "rule", "row", reason=reason)
        .sort("portfolio_id", "timestamp", "row", maintain_order=True)
        .drop("row")
        .collect()
    )


def _moved(leg: str) -> pl.Expr:
    return pl.col(f"{leg}_amount").is_not_null() & pl.col(f"{leg}_asset_id").is_not_null()


def _value(leg: str) -> pl.Expr:
    """Quantity times price, exact; null where it would not fit a Decimal(38, 18)."""
    quantity, price = pl.col(f"{leg}_amount").cast(MONEY), pl.col(f"{leg}_price")
    in_range = (quantity.cast(pl.Float64) * price.cast(pl.Float64)).abs() < _MONEY_LIMIT
    return pl.when(in_range).then(quantity) * price
