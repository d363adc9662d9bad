"""Daily rates and value locked of the pools: random walks; panic raises rates and drains the pools.

Knows rates and the table they are written to; knows no portfolio.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import moments
from ys_analytics.demo.fixed_point import Floats, frame_of_schema, money_series, rate_series
from ys_analytics.demo.identity import random_generator
from ys_analytics.demo.market import Market
from ys_analytics.demo.world import POOLS
from ys_analytics.schemas import TABLES

_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Simple rates per year by pool and day, in the order of `world.POOLS`; `tvl` in USD."""

    fees: Floats
    rewards: Floats
    tvl: Floats

    @property
    def apy(self) -> Floats:
        """Fees and rewards together, compounded daily."""
        return (1.0 + (self.fees + self.rewards) / _YEAR) ** _YEAR - 1.0


def simulate_rates(market: Market, *, seed: int) -> Rates:
    """Mean-reverting rates that follow the market's fear."""
    rng = random_generator(seed, "pools")
    fear = market.fear
    fees = np.array([pool.fees for pool in POOLS])[:, None] * np.exp(
        _mean_reverting_walks(rng, fear.size, 0.07) + 0.9 * fear
    )
    rewards = np.array([pool.rewards for pool in POOLS])[:, None] * np.exp(
        _mean_reverting_walks(rng, fear.size, 0.05) - 0.4 * fear
    )
    outflow = np.cumsum(0.012 * (0.25 - fear)) * 0.25
    tvl = np.array([pool.tvl for pool in POOLS])[:, None] * np.exp(
        _mean_reverting_walks(rng, fear.size, 0.025) + outflow
    )
    # The bill is valued at par: it pays nothing that a position could show.
    return Rates(fees=fees, rewards=rewards, tvl=tvl)


def yield_metrics(rates_: Rates, market: Market) -> pl.DataFrame:
    """The table `yield_metrics`: one row a pool and day, at noon."""
    pools, days = rates_.fees.shape
    risk = np.array([pool.il_risk for pool in POOLS])[:, None] * (1.0 + 0.8 * market.fear[None, :])
    day = np.tile(np.arange(days), pools)
    return frame_of_schema(
        {
            "timestamp": moments(market.days[day], np.full(day.size, 12 * 3600)),
            "protocol_name": np.repeat([pool.protocol for pool in POOLS], days),
            "pool_address": np.repeat([pool.contract for pool in POOLS], days),
            "chain_id": np.repeat(np.array([pool.chain for pool in POOLS], dtype=np.uint32), days),
            "apy": rate_series(rates_.apy.ravel()),
            "tvl": money_series(rates_.tvl.ravel(), scale=2),
            "rewards_apr": rate_series(rates_.rewards.ravel()),
            "trading_fees_apr": rate_series(rates_.fees.ravel()),
            "impermanent_loss_risk": rate_series(np.minimum(risk, 1.0).ravel()),
        },
        TABLES["yield_metrics"].schema,
    )


def _mean_reverting_walks(rng: np.random.Generator, days: int, volatility: float) -> Floats:
    """Mean-reverting random walks of logarithms around zero, one row a pool."""
    shocks = rng.normal(0.0, volatility, (len(POOLS), days))
    deviation = np.empty_like(shocks)
    level = np.zeros(len(POOLS))
    for day in range(days):
        level = 0.96 * level + shocks[:, day]
        deviation[:, day] = level
    return deviation
