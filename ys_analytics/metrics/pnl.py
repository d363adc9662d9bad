"""What was earned, to the last decimal: lots, realised and unrealised gains, gas, and one identity.

Lots are matched one after another, so this is plain arithmetic on Decimals; the identity
is an expression over exact columns. Knows no store, clock or setting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal

import polars as pl

from ys_analytics.errors import ContractError

MONEY = pl.Decimal(38, 18)

Matching = Literal["fifo", "lifo", "hifo", "average"]

# Decimal(38, 18): a quotient is cut here, and what was cut stays in the remaining lots.
_CENT = Decimal(1).scaleb(-18)
_DIGITS = 76


@dataclass(frozen=True, slots=True)
class Trade:
    """Something bought (positive quantity) or sold (negative).

    Attributes:
        time: When, UTC.
        quantity: How much.
        price: Of one, in USD, positive.
        fee: Paid on top, in USD: part of a purchase's cost, taken off a sale's proceeds.
    """

    time: datetime
    quantity: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)


@dataclass(slots=True)
class Lot:
    """What is left of a purchase.

    Attributes:
        time: When it was bought.
        quantity: How much is left.
        cost: What that cost in all, fees included, in USD.
    """

    time: datetime
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Gains:
    """What trades brought, exactly.

    Attributes:
        realised: Proceeds less cost of everything sold, in USD.
        unrealised: Worth less cost of everything left, in USD; None without a price.
        quantity: What is left.
        cost: What that cost, in USD.
        unmatched: Sold beyond what had ever been bought; its whole proceeds count as realised.
        lots: What is left, lot by lot, oldest first.
    """

    realised: Decimal
    unrealised: Decimal | None
    quantity: Decimal
    cost: Decimal
    unmatched: Decimal
    lots: tuple[Lot, ...]


def match_lots(trades: Iterable[Trade], *, matching: Matching = "fifo", price: Decimal | None = None) -> Gains:
    """Match sales to purchases of one asset, and value what is left.

    Args:
        trades: In any order; of one moment, purchases first.
        matching: The oldest lot first, the latest, the dearest, or all at their average cost.
        price: Of one now, in USD.

    Returns:
        `Gains`, in which realised + unrealised = proceeds - purchases - fees + worth, to the last decimal.

    Raises:
        ValueError: a price is negative or not a number.

    >>> from datetime import UTC
    >>> day = lambda n: datetime(2025, 1, n, tzinfo=UTC)
    >>> bought = [Trade(day(1), Decimal(1), Decimal(100)), Trade(day(2), Decimal(1), Decimal(200))]
    >>> sold = Trade(day(3), Decimal(-1), Decimal(250))
    >>> [str(match_lots([*bought, sold], matching=how).realised) for how in ("fifo", "lifo", "average")]
    ['150', '50', '100.000000000000000000']
    """
    lots: list[Lot] = []
    realised = unmatched = Decimal(0)
    with localcontext(prec=_DIGITS):
        for trade in sorted(trades, key=lambda trade: (trade.time, trade.quantity < 0)):
            if not (trade.price.is_finite() and trade.price >= 0 and trade.quantity.is_finite()):
                raise ValueError(
                    f"a trade at {trade.time:%Y-%m-%d %H:%M} has price {trade.price}; it must be a number >= 0"
                )
            if trade.quantity > 0:
                _buy(lots, Lot(trade.time, trade.quantity, trade.quantity * trade.price + trade.fee), matching)
            elif trade.quantity < 0:
                cost, short = _sell(lots, -trade.quantity, matching)
                realised += -trade.quantity * trade.price - trade.fee - cost
                unmatched += short
        quantity = sum((lot.quantity for lot in lots), Decimal(0))
        cost = sum((lot.cost for lot in lots), Decimal(0))
        unrealised = None if price is None else quantity * price - cost
    return Gains(realised, unrealised, quantity, cost, unmatched, tuple(lots))


def _buy(lots: list[Lot], lot: Lot, matching: Matching) -> None:
    if matching == "average" and lots:
        lots[0].quantity += lot.quantity
        lots[0].cost += lot.cost
    else:
        lots.append(lot)


def _sell(lots: list[Lot], quantity: Decimal, matching: Matching) -> tuple[Decimal, Decimal]:
    """Take a quantity out of the lots; its cost, and what no lot was left for."""
    cost = Decimal(0)
    while quantity > 0 and lots:
        lot = _next(lots, matching)
        if lot.quantity <= quantity:
            taken, part = lot.quantity, lot.cost
            # By identity: two lots may be equal.
            del lots[next(place for place, other in enumerate(lots) if other is lot)]
        else:
            taken = quantity
            part = (lot.cost * taken / lot.quantity).quantize(_CENT)
            lot.quantity -= taken
            lot.cost -= part
        cost += part
        quantity -= taken
    return cost, quantity


def _next(lots: Sequence[Lot], matching: Matching) -> Lot:
    if matching == "lifo":
        return lots[-1]
    if matching == "hifo":
        return max(lots, key=lambda lot: lot.cost / lot.quantity)
    return lots[0]


def gains(trades: pl.DataFrame, prices: pl.DataFrame | None = None, *, matching: Matching = "fifo") -> pl.DataFrame:
    """Realised and unrealised gains of every portfolio and asset.

    Args:
        trades: portfolio_id, asset_id String, timestamp Datetime(us, UTC), quantity Decimal(38, 18)
            (positive: bought), price Decimal(38, 18), fee Decimal(38, 18), in USD.
        prices: asset_id, price Decimal(38, 18), of now.
        matching: As for `match_lots`.

    Returns:
        One row per portfolio and asset, sorted: portfolio_id, asset_id, realised, unrealised, quantity,
        cost, unmatched Decimal(38, 18), matching String, reason String (why unrealised is null).

    Raises:
        ContractError: a trade has no quantity, price or time.

    >>> from datetime import UTC
    >>> row = {"portfolio_id": "p", "asset_id": "a", "timestamp": datetime(2025, 1, 1, tzinfo=UTC)}
    >>> money = {"quantity": Decimal(1), "price": Decimal(100), "fee": Decimal(1)}
    >>> now = pl.DataFrame({"asset_id": "a", "price": Decimal(150)})
    >>> float(gains(pl.DataFrame(row | money), now)["unrealised"].item())
    49.0
    """
    torn = trades.filter(pl.any_horizontal(pl.col("timestamp", "quantity", "price").is_null()))
    if torn.height:
        raise ContractError(f"trades: {torn.height} of {trades.height} lack a time, quantity or price; complete them")
    now = {} if prices is None else dict(prices.select("asset_id", "price").iter_rows())
    rows = []
    for (portfolio, asset), group in trades.sort("portfolio_id", "asset_id", "timestamp").group_by(
        "portfolio_id", "asset_id", maintain_order=True
    ):
        listed = group.select("timestamp", "quantity", "price", pl.col("fee").fill_null(Decimal(0))).iter_rows()
        found = match_lots((Trade(*row) for row in listed), matching=matching, price=now.get(asset))
        money = (found.realised, found.unrealised, found.quantity, found.cost, found.unmatched)
        reason = "no price" if found.unrealised is None else None
        rows.append((portfolio, asset, *map(_to_money, money), matching, reason))
    return pl.DataFrame(rows, schema=_GAINS, orient="row")


_GAINS: dict[str, pl.DataType] = {
    "portfolio_id": pl.String(),
    "asset_id": pl.String(),
    **dict.fromkeys(("realised", "unrealised", "quantity", "cost", "unmatched"), MONEY),
    "matching": pl.String(),
    "reason": pl.String(),
}


def _to_money(amount: Decimal | None) -> Decimal | None:
    with localcontext(prec=_DIGITS):
        return None if amount is None else amount.quantize(_CENT)


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
GAINS = ("price", "yield", "rewards", "lp_fees", "flows")
DRAINS = ("impermanent_loss", "gas")


def identity(parts: pl.DataFrame | pl.LazyFrame, *, tolerance: Decimal = Decimal("0.01")) -> pl.DataFrame:
    """Whether price, yield, rewards, LP fees, impermanent loss, gas and flows explain the change in value.

    Price + yield + rewards + LP fees - impermanent loss - gas + flows = change, but for the residual.

    Args:
        parts: value_before, value_after and the parts price, yield, rewards, lp_fees, impermanent_loss
            (positive: lost), gas (positive: paid), flows (positive: in), all Decimal(38, 18) in USD; a null
            part is one nobody could state. And pool, where there is such a column: price, fees and impermanent
            loss of pool shares that could not be told apart.
        tolerance: Largest residual, in USD, that is let pass.

    Returns:
        The rows and change, explained, residual Decimal(38, 18), holds Boolean (null when a part is),
        reason String: what does not hold, or what is missing.

    >>> money = {name: Decimal(0) for name in (*GAINS, *DRAINS)} | {"price": Decimal(10), "gas": Decimal(1)}
    >>> frame = pl.DataFrame({"value_before": Decimal(100), "value_after": Decimal(109)} | money)
    >>> identity(frame).select("residual", "holds").row(0)
    (Decimal('0E-18'), True)
    """
    merged = ["pool"] if "pool" in parts.lazy().collect_schema().names() else []
    plus = [pl.col(name).cast(MONEY) for name in (*GAINS, *merged)]
    minus = [pl.col(name).cast(MONEY) for name in DRAINS]
    explained = sum(plus[1:], plus[0]) - minus[0] - minus[1]
    change = pl.col("value_after").cast(MONEY) - pl.col("value_before").cast(MONEY)
    missing = pl.concat_str(
        [
            pl.when(pl.col(name).is_null()).then(pl.lit(name))
            for name in ("value_before", "value_after", *GAINS, *merged, *DRAINS)
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
