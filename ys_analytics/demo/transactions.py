"""The tables of transactions and positions.

Knows how a ledger's entry becomes a row; decides nothing. `metadata` says of each transaction what it did
(`action`) and which positions it moved (`from_position`, `to_position`), so that the rows of one
portfolio, less gas, add up to its positions: what is borrowed is given from a borrowing position. Chain 0
is that of a coin with a chain of its own, as in `market_data`.
"""

import json

import numpy as np
import polars as pl

from ys_analytics.demo.actions import ACTIONS
from ys_analytics.demo.calendar import DAY_SECONDS, epoch_seconds, moments
from ys_analytics.demo.fixed_point import (
    PRICE_SCALE,
    QUANTITY_SCALE,
    UNITS_PER_DOLLAR,
    UNITS_PER_TOKEN,
    Floats,
    Ints,
    decimal_series,
    frame_of_schema,
    rate_series,
)
from ys_analytics.demo.identity import name_id, row_ids, transaction_hashes
from ys_analytics.demo.ledger import FLOWS, GAS_PRICE_SCALE, GAS_UNITS, NO_PLACE, STATUSES, Entries
from ys_analytics.demo.market import CLOSE, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.users import strategy_id
from ys_analytics.demo.valuation import Valuation, assets_of
from ys_analytics.demo.world import ASSETS, BLOCKS, PLACES
from ys_analytics.schemas import TABLES

# 2025-01-01 00:00 UTC, at which `world.BLOCKS` counts from.
_BLOCK_EPOCH = 1_735_689_600
_IDS = pl.Series([asset.id for asset in ASSETS])


def transactions(portfolios: Portfolios, market: Market, entries: Entries, *, seed: int) -> pl.DataFrame:
    """The table `transactions`, by portfolio and then in time."""
    asset_numbers = assets_of(portfolios)
    types, protocols = [action.type for action in ACTIONS], [action.protocol or None for action in ACTIONS]
    no_gas = entries.gas == 0
    schema = TABLES["transactions"].schema
    return frame_of_schema(
        {
            "id": row_ids(seed, "transactions", entries.size),
            "portfolio_id": pl.Series(portfolios.ids, dtype=pl.String).gather(entries.portfolio),
            "strategy_id": _strategies(portfolios, entries, seed=seed),
            "transaction_hash": transaction_hashes(seed, "transactions", entries.size),
            "chain_id": pl.Series(entries.chain).cast(pl.Int32),
            "block_number": _blocks(market, entries),
            "transaction_type": pl.Series(types).gather(entries.action).cast(schema["transaction_type"]),
            "from_asset_id": _asset(asset_numbers, entries.portfolio, entries.source),
            "to_asset_id": _asset(asset_numbers, entries.portfolio, entries.target),
            "from_amount": _amount(entries.given, entries.source),
            "to_amount": _amount(entries.received, entries.target),
            "gas_used": _null_where(no_gas, decimal_series(entries.gas * GAS_UNITS, scale=0)),
            "gas_price": _null_where(no_gas, decimal_series(entries.gas_price, scale=GAS_PRICE_SCALE)),
            "protocol_name": pl.Series(protocols, dtype=pl.String).gather(entries.action),
            "status": pl.Series(STATUSES).gather(entries.status).cast(schema["status"]),
            "timestamp": moments(market.days[entries.day], entries.second),
            "metadata": _metadata(entries),
        },
        schema,
    )


def portfolio_positions(
    portfolios: Portfolios, market: Market, entries: Entries, valuation: Valuation, *, seed: int
) -> pl.DataFrame:
    """The table `portfolio_positions`: what is held at the last close, at its price."""
    last = valuation.quantities[:, -1]
    portfolio, place = np.nonzero(last)
    units = last[portfolio, place]
    quantity = decimal_series(units, scale=QUANTITY_SCALE)
    price = decimal_series(market.prices[portfolios.symbols[portfolio, place], -1, CLOSE], scale=PRICE_SCALE)
    dollars = (quantity * price).cast(TABLES["portfolio_positions"].schema["current_value"])
    total = valuation.total[portfolio, -1]
    schema = TABLES["portfolio_positions"].schema
    return frame_of_schema(
        {
            "id": [
                name_id("position", seed, owner, PLACES[number].symbol, PLACES[number].position, number)
                for owner, number in zip(portfolio.tolist(), place.tolist(), strict=True)
            ],
            "portfolio_id": pl.Series(portfolios.ids, dtype=pl.String).gather(portfolio),
            "asset_id": _IDS.gather(assets_of(portfolios)[portfolio, place]),
            "quantity": quantity.abs(),
            "average_cost": decimal_series(
                np.rint(_average_cost(portfolios, market, entries)[portfolio, place] * UNITS_PER_DOLLAR).astype(
                    np.int64
                ),
                scale=PRICE_SCALE,
            ),
            "current_value": dollars,
            "allocation_percentage": rate_series(
                dollars.cast(pl.Float64).to_numpy() / total, scale=4, dtype=schema["allocation_percentage"]
            ),
            "position_type": pl.Series([each.position for each in PLACES]).gather(place).cast(schema["position_type"]),
            "protocol_address": pl.Series([each.contract for each in PLACES], dtype=pl.String).gather(place),
            "chain_id": _null_where(
                portfolios.chains[portfolio, place] == 0, pl.Series(portfolios.chains[portfolio, place]).cast(pl.Int32)
            ),
            "last_updated": moments(
                market.days[np.full(portfolio.size, -1)], np.full(portfolio.size, DAY_SECONDS - 1, dtype=np.int64)
            ),
        },
        schema,
    )


def _strategies(portfolios: Portfolios, entries: Entries, *, seed: int) -> pl.Series:
    """The strategy of each transaction; null for the owner's, and for kinds that no satellite runs."""
    kinds = [action.strategy for action in ACTIONS]
    strategy_kinds = sorted({kind for kind in kinds if kind})
    ids = pl.Series(
        [strategy_id(seed, portfolio, kind) for portfolio in range(portfolios.size) for kind in strategy_kinds],
        dtype=pl.String,
    )
    number = np.array([strategy_kinds.index(kind) if kind else -1 for kind in kinds])[entries.action]
    place = np.where(number >= 0, entries.portfolio * len(strategy_kinds) + number, 0)
    return _null_where(number < 0, ids.gather(place))


def _blocks(market: Market, entries: Entries) -> pl.Series:
    seconds = epoch_seconds(market.days[entries.day], entries.second) - _BLOCK_EPOCH
    block_seconds = np.array([BLOCKS[int(chain)][0] for chain in entries.chain])
    first_block = np.array([BLOCKS[int(chain)][1] for chain in entries.chain])
    return pl.Series(np.maximum(1, first_block + np.floor(seconds / block_seconds)).astype(np.int64))


def _asset(asset_numbers: Ints, portfolio: Ints, place: Ints) -> pl.Series:
    no_place = place == NO_PLACE
    return _null_where(no_place, _IDS.gather(asset_numbers[portfolio, np.where(no_place, 0, place)]))


def _amount(units: Ints, place: Ints) -> pl.Series:
    return _null_where(place == NO_PLACE, decimal_series(units, scale=QUANTITY_SCALE))


def _metadata(entries: Entries) -> pl.Series:
    """JSON text; there are few different ones, so each is made once."""
    kinds = np.stack([entries.action, entries.flow, entries.source, entries.target], axis=1)
    distinct, row_of_entry = np.unique(kinds, axis=0, return_inverse=True)
    texts = [_metadata_text(*(int(number) for number in row)) for row in distinct]
    return pl.Series(texts, dtype=pl.String).gather(row_of_entry.ravel())


def _metadata_text(action: int, flow: int, source: int, target: int) -> str:
    metadata = {"action": ACTIONS[action].name}
    if source != NO_PLACE:
        metadata["from_position"] = PLACES[source].position
    if target != NO_PLACE:
        metadata["to_position"] = PLACES[target].position
    if FLOWS[flow]:
        metadata["flow"] = FLOWS[flow]
    return json.dumps(metadata)


def _average_cost(portfolios: Portfolios, market: Market, entries: Entries) -> Floats:
    """Mean market price in USD of what came in, by portfolio and place."""
    moved = (entries.target != NO_PLACE) & (entries.moved == 1)
    portfolio, place, units = entries.portfolio[moved], entries.target[moved], entries.received[moved] / UNITS_PER_TOKEN
    price = (
        market.prices[portfolios.symbols[portfolio, place], entries.day[moved], entries.second[moved] // 3600]
        / UNITS_PER_DOLLAR
    )
    # A debt is taken on, not bought: it comes in where the ledger gives.
    borrowed = (entries.source != NO_PLACE) & (entries.moved == 1)
    borrowed &= np.array([each_place.position == "borrowing" for each_place in PLACES])[entries.source]
    debtor, debt = entries.portfolio[borrowed], entries.source[borrowed]
    debt_price = (
        market.prices[portfolios.symbols[debtor, debt], entries.day[borrowed], entries.second[borrowed] // 3600]
        / UNITS_PER_DOLLAR
    )
    cost, units_in = np.zeros((portfolios.size, len(PLACES))), np.zeros((portfolios.size, len(PLACES)))
    owed = entries.given[borrowed] / UNITS_PER_TOKEN
    for rows, columns, amount, at in ((portfolio, place, units, price), (debtor, debt, owed, debt_price)):
        np.add.at(cost, (rows, columns), amount * at)
        np.add.at(units_in, (rows, columns), amount)
    return np.divide(cost, units_in, out=np.zeros_like(cost), where=units_in > 0)


def _null_where(absent: np.ndarray, column: pl.Series) -> pl.Series:
    """The column with nulls where `absent`."""
    return column.zip_with(pl.Series(~absent), pl.Series([None], dtype=column.dtype).new_from_index(0, column.len()))
