"""Profit and loss, to the last decimal: realised and unrealised gains, gas, and one identity.

Lots are matched in `metrics.lots`; the identity is an expression over exact columns. Does not read a store,
clock or setting.
"""

from decimal import Decimal, localcontext

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.lots import AMOUNT_STEP, DIGITS, Gains, Lot, Matching, Trade, match_lots

MONEY = pl.Decimal(38, 18)

__all__ = [
    "ADDED_TERMS",
    "MONEY",
    "SUBTRACTED_TERMS",
    "Gains",
    "Lot",
    "Matching",
    "Trade",
    "gains",
    "gas_cost",
    "identity",
    "match_lots",
]


def gains(trades: pl.DataFrame, prices: pl.DataFrame | None = None, *, matching: Matching = "fifo") -> pl.DataFrame:
    """Realised and unrealised gains of every portfolio and asset.

    Args:
        trades: portfolio_id, asset_id String, timestamp Datetime(us, UTC), quantity Decimal(38, 18)
            (positive: bought), price Decimal(38, 18), fee Decimal(38, 18), in USD; of one moment in the order
            they happened.
        prices: asset_id, price Decimal(38, 18), of now.
        matching: As for `match_lots`.

    Returns:
        One row per portfolio and asset, sorted: portfolio_id, asset_id, realised, unrealised, quantity,
        cost, unmatched, unmatched_proceeds Decimal(38, 18), matching String, reason String (why unrealised is null,
        and what was sold that was never bought: it is in no gain).

    Raises:
        ContractError: a trade has no quantity, price or time.

    >>> from datetime import UTC, datetime
    >>> row = {"portfolio_id": "p", "asset_id": "a", "timestamp": datetime(2025, 1, 1, tzinfo=UTC)}
    >>> money = {"quantity": Decimal(1), "price": Decimal(100), "fee": Decimal(1)}
    >>> now = pl.DataFrame({"asset_id": "a", "price": Decimal(150)})
    >>> float(gains(pl.DataFrame(row | money), now)["unrealised"].item())
    49.0
    """
    incomplete = trades.filter(pl.any_horizontal(pl.col("timestamp", "quantity", "price").is_null()))
    if incomplete.height:
        raise ContractError(
            f"trades: {incomplete.height} of {trades.height} lack a time, quantity or price; complete them"
        )
    price_of = {} if prices is None else dict(prices.select("asset_id", "price").iter_rows())
    rows = []
    for (portfolio, asset), group in trades.sort("portfolio_id", "asset_id", "timestamp", maintain_order=True).group_by(
        "portfolio_id", "asset_id", maintain_order=True
    ):
        listed = group.select("timestamp", "quantity", "price", pl.col("fee").fill_null(Decimal(0))).iter_rows()
        matched = match_lots((Trade(*row) for row in listed), matching=matching, price=price_of.get(asset))
        money = (matched.realised, matched.unrealised, matched.quantity, matched.cost)
        unmatched = (matched.unmatched, matched.unmatched_proceeds)
        rows.append((portfolio, asset, *map(_to_money, (*money, *unmatched)), matching, _reason(matched)))
    return pl.DataFrame(rows, schema=_GAINS, orient="row")


_GAINS: dict[str, pl.DataType] = {
    "portfolio_id": pl.String(),
    "asset_id": pl.String(),
    **dict.fromkeys(("realised", "unrealised", "quantity", "cost", "unmatched", "unmatched_proceeds"), MONEY),
    "matching": pl.String(),
    "reason": pl.String(),
}


def _reason(matched: Gains) -> str | None:
    reasons = ["no price"] if matched.unrealised is None else []
    if matched.unmatched:
        reasons.append(f"{matched.unmatched.normalize():f} sold beyond what was bought, for no known gain")
    return "; ".join(reasons) or None


def _to_money(amount: Decimal | None) -> Decimal | None:
    with localcontext(prec=DIGITS):
        return None if amount is None else amount.quantize(AMOUNT_STEP)


def gas_cost(gas_used: pl.Expr, gas_price: pl.Expr, native_price: pl.Expr) -> pl.Expr:
    """Gas of a transaction in USD, exact; a failed one costs gas too.

    Args:
        gas_used: Units of gas.
        gas_price: In the chain's native token per unit.
        native_price: Of the native token that day, in USD.

    Returns:
        One Decimal(38, 18) a row; null where any of the three is.

    >>> row = {"used": Decimal(21000), "price": Decimal("0.00000002"), "eth": Decimal(3000)}
    >>> frame = pl.DataFrame(row).cast(MONEY)
    >>> float(frame.select(gas_cost(pl.col("used"), pl.col("price"), pl.col("eth"))).item())
    1.26
    """
    return gas_used.cast(MONEY) * gas_price.cast(MONEY) * native_price.cast(MONEY)


# What adds to a change in value, and what takes away from it.
ADDED_TERMS = ("price", "yield", "rewards", "lp_fees", "flows")
SUBTRACTED_TERMS = ("impermanent_loss", "gas")


def identity(parts: pl.DataFrame | pl.LazyFrame, *, tolerance: Decimal = Decimal("0.01")) -> pl.DataFrame:
    """Whether price, yield, rewards, LP fees, impermanent loss, gas and flows explain the change in value.

    Price + yield + rewards + LP fees - impermanent loss - gas + flows = change, but for the residual.

    Args:
        parts: value_before, value_after and the parts price, yield, rewards, lp_fees, impermanent_loss
            (positive: lost), gas (positive: paid), flows (positive: in), all Decimal(38, 18) in USD; a null
            part is one that could not be stated. And pool, where there is such a column: price, fees and impermanent
            loss of pool shares that could not be separated.
        tolerance: Largest residual, in USD, that is let pass.

    Returns:
        The rows and change, explained, residual Decimal(38, 18), holds Boolean (null when a part is),
        reason String: what does not hold, or what is missing.

    >>> money = {name: Decimal(0) for name in (*ADDED_TERMS, *SUBTRACTED_TERMS)} | {
    ...     "price": Decimal(10),
    ...     "gas": Decimal(1),
    ... }
    >>> frame = pl.DataFrame({"value_before": Decimal(100), "value_after": Decimal(109)} | money)
    >>> identity(frame).select("residual", "holds").row(0)
    (Decimal('0E-18'), True)
    """
    merged = ["pool"] if "pool" in parts.lazy().collect_schema().names() else []
    added = [pl.col(name).cast(MONEY) for name in (*ADDED_TERMS, *merged)]
    subtracted = [pl.col(name).cast(MONEY) for name in SUBTRACTED_TERMS]
    explained = sum(added[1:], added[0]) - subtracted[0] - subtracted[1]
    change = pl.col("value_after").cast(MONEY) - pl.col("value_before").cast(MONEY)
    missing = pl.concat_str(
        [
            pl.when(pl.col(name).is_null()).then(pl.lit(name))
            for name in ("value_before", "value_after", *ADDED_TERMS, *merged, *SUBTRACTED_TERMS)
        ],
        separator=", ",
        ignore_nulls=True,
    )
    return (
        parts.lazy()
        .with_columns(change=change, explained=explained)
        .with_columns(residual=pl.col("change") - pl.col("explained"))
        .with_columns(holds=pl.col("residual").abs() <= pl.lit(tolerance, MONEY))
        .with_columns(
            reason=pl.when(pl.col("holds").is_null())
            .then(pl.concat_str(pl.lit("not known: "), missing))
            .when(~pl.col("holds"))
            .then(pl.format("a residual of {} USD is not explained", pl.col("residual").cast(pl.Float64).round(2)))
        )
        .collect()
    )
