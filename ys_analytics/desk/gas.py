"""Gas of each transaction: its coin, amount and cost in USD, and the reason where the cost is not known.

Frames in, frames out; opens nothing. Depends on `schemas.outcomes` (who pays) and `schemas.coins` (in what).
"""

import json
from decimal import Decimal, InvalidOperation, localcontext

import polars as pl

from ys_analytics.metrics.chains import native_assets
from ys_analytics.metrics.closes import daily_closes
from ys_analytics.metrics.flows.classify import crosses_border
from ys_analytics.schemas import MONEY, TIME
from ys_analytics.schemas.coins import GAS_PAID_BY, NATIVE_COINS, OTHER_FEES, PORTFOLIO
from ys_analytics.schemas.outcomes import pays_gas, why_not

# The columns by which a transaction that was received differs from one that was sent.
_SENDER_COLUMNS = frozenset({"from_asset_id", "protocol_name"})
_DIGITS = 76
_WEI = Decimal(1).scaleb(-18)
# A fee that is stated as this many coins or more is really in wei.
_MAX_FEE = Decimal(10_000)


def with_gas(transactions: pl.DataFrame, assets: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Transactions with what their gas took from the portfolio, and its cost in USD at that day's last price.

    Gas is gas_used x gas_price and each of `schemas.coins.OTHER_FEES` that metadata states, in whole coins of
    the chain's native coin at that time. It is paid where the status says so (`schemas.outcomes`: confirmed and
    failed), by the portfolio unless `metadata.gas_paid_by` names another than "portfolio"; where it does not say,
    a transaction of a kind that brings money in over the edge and gives nothing was signed and paid by its sender.

    Args:
        transactions: `transactions` of one portfolio, of any status.
        assets: `assets`.
        quotes: `market_data` of the native coins.

    Returns:
        The rows and gas_asset_id String, gas_amount Decimal(38, 18) in whole native coins (null where the portfolio
        paid none or it is not known), gas Decimal(38, 18) in USD, gas_reason String (why gas is null), gas_due
        Boolean: the portfolio paid gas, whether or not it is known how much.

    Source:
        The project's ruling "gas"; the receipts of the OP stack and of EIP-4844.
    """
    closes = daily_closes(quotes.select("asset_id", "timestamp", "price"), "price", by=["asset_id"]).select(
        "asset_id", "day", _price="price"
    )
    charged = _with_gas_amount(transactions.with_columns(_day=pl.col("timestamp").dt.date()))
    priced = _with_native_coin(charged, assets).join(
        closes, left_on=["gas_asset_id", "_day"], right_on=["asset_id", "day"], how="left", maintain_order="left",
    )  # fmt: skip
    cost = pl.when(pl.col("gas_amount") == 0).then(pl.lit(0, MONEY)).otherwise(pl.col("gas_amount") * pl.col("_price"))
    return priced.with_columns(gas=cost.cast(MONEY), gas_reason=_reason()).drop(
        "_price", "_day", "_has_gas", "_missing", "_bad_fee", "_received", "_coin"
    )


def _with_gas_amount(transactions: pl.DataFrame) -> pl.DataFrame:
    """Add gas_due, gas_amount and the columns that `_reason` reads."""
    meta = pl.col("metadata").str
    fees = [f"_{name}" for name in OTHER_FEES]
    fee_texts = pl.when(meta.contains_any(list(OTHER_FEES))).then(pl.col("metadata"))
    stated_fees = fee_texts.map_elements(_stated_fees, return_dtype=pl.Struct(dict.fromkeys(fees, pl.String)))
    rows = transactions.with_columns(_fees=stated_fees).with_columns(pl.col("_fees").struct.unnest()).drop("_fees")
    rows = rows.with_columns(_bad_fee=pl.lit(None, pl.String))
    amount = pl.when(pl.all_horizontal(pl.col("gas_used", "gas_price").is_not_null())).then(
        (pl.col("gas_used") * pl.col("gas_price")).cast(MONEY)
    )
    states_gas = pl.any_horizontal(pl.col("gas_used", "gas_price", *fees).is_not_null())
    for name in fees:
        coins = rows[name].map_elements(_whole_coins, return_dtype=MONEY)
        is_malformed = (coins.is_null() & rows[name].is_not_null()).alias("bad")
        rows = rows.with_columns(
            coins.alias(name),
            _bad_fee=pl.when(is_malformed)
            .then(pl.lit(f"metadata.{name[1:]} is no amount of whole coins"))
            .otherwise("_bad_fee"),
        )
    other_fees = pl.sum_horizontal(*(pl.col(name).fill_null(pl.lit(0, MONEY)) for name in fees)).cast(MONEY)
    missing = (
        pl.when(pl.col("gas_used").is_not_null() & pl.col("gas_price").is_null())
        .then(pl.lit("gas_price is missing"))
        .when(pl.col("gas_price").is_not_null() & pl.col("gas_used").is_null())
        .then(pl.lit("gas_used is missing"))
    )
    payer = meta.json_path_match(f"$.{GAS_PAID_BY}").str.to_lowercase()
    is_incoming = pl.lit(value=False)
    if set(transactions.columns) >= _SENDER_COLUMNS:
        is_incoming = crosses_border() & pl.col("from_asset_id").is_null()
        is_incoming &= pl.col("transaction_type").cast(pl.String) != "withdraw"
    received = pl.when(payer.is_not_null()).then(payer != PORTFOLIO).otherwise(is_incoming).fill_null(value=False)
    return (
        rows.with_columns(_has_gas=states_gas, _missing=missing, _received=received)
        .with_columns(gas_due=pl.col("_has_gas") & pays_gas() & ~pl.col("_received"))
        .with_columns(
            gas_amount=pl.when(pl.col("gas_due") & pl.col("_missing").is_null() & pl.col("_bad_fee").is_null()).then(
                amount.fill_null(pl.lit(0, MONEY)) + other_fees
            )
        )
        .drop(*fees)
    )


def _stated_fees(text: str) -> dict[str, str | None]:
    """Each fee of a metadata text with the digits it is written with; Polars' JSON functions read numbers as Float64.

    >>> _stated_fees('{"l1_fee": 1.123456789012345678, "operator_fee": null}')["_l1_fee"]
    '1.123456789012345678'
    """
    parsed = json.loads(text, parse_float=str, parse_int=str)
    fees = {name: parsed.get(name) if isinstance(parsed, dict) else None for name in OTHER_FEES}
    return {f"_{name}": None if value is None else str(value) for name, value in fees.items()}


def _whole_coins(text: str) -> Decimal | None:
    """An amount of coins as JSON states it, exact to 18 decimals; None where it is no number of zero or more."""
    try:
        with localcontext(prec=_DIGITS):
            # Python reads an underscore between digits; JSON has none.
            amount = Decimal(text.replace("_", "?"))
            plausible = amount.is_finite() and 0 <= amount < _MAX_FEE
            return amount.quantize(_WEI) if plausible else None
    except InvalidOperation:
        return None


def _with_native_coin(charged: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """The rows with gas_asset_id, the native coin of their chain at their time, and its name in `schemas.coins`."""
    moment = pl.col("timestamp")
    in_period = (pl.col("since").is_null() | (moment >= pl.col("since"))) & (
        pl.col("until").is_null() | (moment < pl.col("until"))
    )
    names = pl.DataFrame(
        [(coin.chain, coin.symbol, coin.since, coin.until) for coin in NATIVE_COINS],
        schema={"chain_id": pl.Int32, "_coin": pl.String, "since": pl.Date, "until": pl.Date},
        orient="row",
    ).with_columns(pl.col("since", "until").cast(TIME))
    natives = native_assets(assets).rename({"asset_id": "gas_asset_id"})
    rows = charged.with_row_index("_row").with_columns(pl.col("chain_id").cast(pl.Int32))
    for table, column in ((natives, "gas_asset_id"), (names, "_coin")):
        matching = (
            rows.select("_row", "chain_id", "timestamp").join(table, on="chain_id", how="inner").filter(in_period)
        )
        rows = rows.join(matching.select("_row", column), on="_row", how="left", maintain_order="left")
    return rows.drop("_row")


def _reason() -> pl.Expr:
    """Why there is no cost in USD: the first reason that applies."""
    return (
        pl.when(~pl.col("_has_gas"))
        .then(pl.lit("no gas was paid from the portfolio"))
        .when(~pays_gas())
        .then(pl.format("no gas was paid: {}", why_not().fill_null("its status is not known")))
        .when("_received")
        .then(pl.lit("its sender paid the gas"))
        .when(pl.col("_bad_fee").is_not_null())
        .then("_bad_fee")
        .when(pl.col("_missing").is_not_null())
        .then("_missing")
        .when(pl.col("gas_amount") == 0)
        .then(pl.lit(None, pl.String))
        .when(pl.col("gas_asset_id").is_null() & pl.col("_coin").is_null())
        .then(
            pl.format("chain {}: its native coin is not known; add metadata.native_of_chains to the asset", "chain_id")
        )
        .when(pl.col("gas_asset_id").is_null())
        .then(pl.format("chain {}: its native coin {} is not among the assets; register it", "chain_id", "_coin"))
        .when(pl.col("_price").is_null())
        .then(pl.lit("the chain's own token has no price that day"))
    )
