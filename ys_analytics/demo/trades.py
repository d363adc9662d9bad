"""The table `dex_trades`: swaps on five chains at prices near the market's.

Knows pairs and sizes; no portfolio of the demo trades here.
"""

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import DAY_SECONDS, epoch_seconds, moments
from ys_analytics.demo.fixed_point import UNITS_PER_DOLLAR, Ints, decimal_series, frame_of_schema, rounded_units
from ys_analytics.demo.identity import address, random_generator, transaction_hashes
from ys_analytics.demo.market import Market
from ys_analytics.demo.world import ASSETS, BLOCKS, SYMBOLS
from ys_analytics.schemas import TABLES

# Exchange, chain, first token, second token, pool fee.
_PAIRS = (
    ("uniswap-v3", 1, "ETH", "USDC", 0.0005),
    ("uniswap-v3", 1, "LINK", "ETH", 0.003),
    ("uniswap-v3", 1, "UNI", "ETH", 0.003),
    ("curve", 1, "USDC", "USDT", 0.0001),
    ("velodrome", 10, "ETH", "USDC", 0.0005),
    ("quickswap", 137, "POL", "USDC", 0.0005),
    ("camelot", 42161, "ETH", "USDC", 0.0005),
    ("aerodrome", 8453, "ETH", "USDC", 0.0005),
)

# Trades are kept for the last days only; the chain has the rest.
_KEPT_DAYS = 90
_PER_DAY = 24
_BLOCK_EPOCH = 1_735_689_600


def dex_trades(market: Market, *, seed: int) -> pl.DataFrame:
    """One row a swap: what went into the pool is positive, what left it negative; price is token1 per token0."""
    rng = random_generator(seed, "trades")
    days = market.days.size
    pairs = [pair for pair in _PAIRS if {pair[2], pair[3]} <= market.priced_symbols]
    size = min(days - 1, _KEPT_DAYS) * _PER_DAY
    pair = rng.integers(0, len(pairs), size)
    day = np.sort(rng.integers(days - min(days - 1, _KEPT_DAYS), days, size))
    second = rng.integers(0, DAY_SECONDS, size)
    base_row, quote_row = (np.array([SYMBOLS.index(pair_[side]) for pair_ in pairs])[pair] for side in (2, 3))
    day_and_hour = (day, second // 3600)
    base = market.prices[base_row, *day_and_hour] / UNITS_PER_DOLLAR
    mid = base / (market.prices[quote_row, *day_and_hour] / UNITS_PER_DOLLAR)
    fee = np.array([pair_[4] for pair_ in pairs])[pair]
    bought = rng.random(size) < 0.5  # noqa: PLR2004 - a coin
    paid = mid * (1.0 + np.where(bought, fee, -fee) + rng.normal(0.0, 0.0006, size))
    dollars = np.exp(rng.normal(np.log(6_000), 1.4, size)).clip(20, 2e6)
    tokens = dollars / base
    chain = np.array([pair_[1] for pair_ in pairs])[pair]
    schema = TABLES["dex_trades"].schema
    rows = frame_of_schema(
        {
            "timestamp": moments(market.days[day], second),
            "chain_id": pl.Series(chain).cast(pl.UInt32),
            "dex_name": pl.Series([pair_[0] for pair_ in pairs]).gather(pair),
            "pair_address": pl.Series([address("pair", *pair_[:4]) for pair_ in pairs]).gather(pair),
            "token0_address": pl.Series([_token(pair_[2], pair_[1]) for pair_ in pairs]).gather(pair),
            "token1_address": pl.Series([_token(pair_[3], pair_[1]) for pair_ in pairs]).gather(pair),
            "amount0": decimal_series(rounded_units(np.where(bought, -tokens, tokens), 8), scale=8),
            "amount1": decimal_series(rounded_units(np.where(bought, tokens * paid, -tokens * paid), 8), scale=8),
            "price": decimal_series(rounded_units(paid, 12), scale=12),
            "transaction_hash": transaction_hashes(seed, "trades", size),
            "block_number": pl.Series(_block(chain, epoch_seconds(market.days[day], second))).cast(pl.UInt64),
        },
        schema,
    )
    return rows.sort("chain_id", "dex_name", "timestamp", "transaction_hash")


def _token(symbol: str, chain: int) -> str:
    """The token's contract on a chain; native coins trade wrapped, at an address of their own."""
    known = {(asset.symbol, asset.chain): asset.contract for asset in ASSETS}
    return known.get((symbol, chain)) or address("wrapped", symbol, chain)


def _block(chain: Ints, seconds: Ints) -> Ints:
    block_seconds = np.array([BLOCKS[int(number)][0] for number in chain])
    first_block = np.array([BLOCKS[int(number)][1] for number in chain])
    block: Ints = np.maximum(1, first_block + np.floor((seconds - _BLOCK_EPOCH) / block_seconds)).astype(np.int64)
    return block
