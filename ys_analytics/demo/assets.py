"""The tables of assets and market data.

Prices come from the market; an asset the market does not price is not registered.
"""

import json
from datetime import timedelta

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import HOUR_SECONDS, LAST_SECOND, moment, moments
from ys_analytics.demo.fixed_point import (
    PRICE_SCALE,
    UNITS_PER_DOLLAR,
    Floats,
    decimal_series,
    frame_of_schema,
    money_series,
    rate_series,
)
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.world import ASSETS, SYMBOLS, Asset
from ys_analytics.schemas import TABLES

# Tokens in circulation, for the market cap; receipts have none that is known.
_SUPPLY = {"BTC": 19.9e6, "ETH": 120.7e6, "POL": 10.3e9, "USDC": 62e9, "USDT": 158e9, "DAI": 5.3e9, "LINK": 678e6,
           "AAVE": 15.2e6, "UNI": 628e6}  # fmt: skip


def priced_assets_of(market: Market) -> list[Asset]:
    """The assets the market prices, in the order of `world.ASSETS`."""
    return [asset for asset in ASSETS if asset.symbol in market.priced_symbols]


def assets(market: Market) -> pl.DataFrame:
    """The table `assets`."""
    priced_assets = priced_assets_of(market)
    registered_at = moment(market.days[0]) - timedelta(days=60)
    columns = {
        "id": [asset.id for asset in priced_assets],
        "symbol": [asset.symbol for asset in priced_assets],
        "name": [asset.name for asset in priced_assets],
        "asset_type": [asset.kind for asset in priced_assets],
        "contract_address": [asset.contract for asset in priced_assets],
        "chain_id": [asset.chain for asset in priced_assets],
        "decimals": [asset.decimals for asset in priced_assets],
        "coingecko_id": [asset.coingecko for asset in priced_assets],
        "is_active": [True for _ in priced_assets],
        "metadata": [json.dumps(asset.metadata) for asset in priced_assets],
        "created_at": [registered_at for _ in priced_assets],
        "updated_at": [registered_at for _ in priced_assets],
    }
    schema = TABLES["assets"].schema
    return pl.DataFrame(columns, schema=schema)


def market_data(market: Market) -> pl.DataFrame:
    """The table `market_data`: every close, and every hour of the last days; a quote is of the end of its hour."""
    priced_assets = priced_assets_of(market)
    day, hour = _quoted(market)
    rows = [_quotes(market, asset, day, hour) for asset in priced_assets]
    return pl.concat(rows)


def _quoted(market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Day and hour of every quote, in time order."""
    days = market.days.size
    closes = np.arange(days - market.hourly_days) * HOURS + CLOSE
    hours = np.arange((days - market.hourly_days) * HOURS, days * HOURS)
    order = np.concatenate([closes, hours])
    return order // HOURS, order % HOURS


def _quotes(market: Market, asset: Asset, day: np.ndarray, hour: np.ndarray) -> pl.DataFrame:
    row = SYMBOLS.index(asset.symbol)
    price = market.prices[row, day, hour]
    supply = _SUPPLY.get(asset.symbol, 0.0) if market.hourly_days else 0.0
    volume = market.volume[row, day]
    return frame_of_schema(
        {
            "timestamp": moments(market.days[day], hour * HOUR_SECONDS + LAST_SECOND),
            "asset_id": pl.Series([asset.id]).new_from_index(0, day.size),
            "chain_id": np.full(day.size, asset.quoted_on, dtype=np.uint32),
            "price": decimal_series(price, scale=PRICE_SCALE),
            "volume_24h": money_series(volume, scale=2),
            "market_cap": money_series(price / UNITS_PER_DOLLAR * supply, scale=2),
            "price_change_24h": rate_series(changes(market, row, day, hour)),
            "source": pl.Series([market.source]).new_from_index(0, day.size),
        },
        TABLES["market_data"].schema,
    )


def changes(market: Market, row: int, day: np.ndarray, hour: np.ndarray) -> Floats:
    """Change against the same hour a day before, as a fraction; not a number where that day has no price."""
    hours = np.diff(market.days.astype("datetime64[D]").astype(np.int64), prepend=np.iinfo(np.int64).min // 2)
    before = market.prices[row, np.maximum(day - 1, 0), hour] / UNITS_PER_DOLLAR
    change: Floats = np.where(hours[day] == 1, market.prices[row, day, hour] / UNITS_PER_DOLLAR / before - 1.0, np.nan)
    return change
