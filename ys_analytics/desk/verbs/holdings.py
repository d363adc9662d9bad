"""Verbs of a desk on what the portfolio holds.

Depends on `desk.holdings`, `desk.pools` and `desk.realised_yields`; gives frames.
"""

from functools import cached_property

import polars as pl

from ys_analytics.desk import activity, holdings, lookthrough, past_weeks, pools, realised_yields
from ys_analytics.desk.verbs.inputs import Inputs


class HoldingVerbs(Inputs):
    """Positions, allocation, pools and yields, cached prices, distance to liquidation, sentiment."""

    def positions(self) -> pl.DataFrame:
        """Every position at the end of the week with symbol, place, price, share and gain against cost.

        No row where what was held is not known: `unknown` says why.
        """
        return self._positions

    @cached_property
    def _positions(self) -> pl.DataFrame:
        prices = holdings.last_prices(self._quotes)
        return holdings.positions(self._holdings.rows, self._assets, prices, self._protocols)

    def allocation(self) -> pl.DataFrame:
        """Share of net value by asset, kind, protocol and chain."""
        return holdings.allocation(self.positions())

    def pools(self) -> pl.DataFrame:
        """Pools in use with their last quoted yield."""
        return pools.pools_in_use(self.positions(), self.source.rows("yield_metrics"), end=self.span.end)

    def yields(self) -> pl.DataFrame:
        """Yield of each pool in use over the last quarter."""
        return pools.yield_history(self.pools(), self.source.rows("yield_metrics"), end=self.span.end)

    def realised_yields(self) -> pl.DataFrame:
        """Realised yield of each position in a protocol over the last quarter, with the yield its pool quoted."""
        pool_quotes = self.source.rows("yield_metrics")
        return realised_yields.realised(
            self.positions(), self._legs, self._legs_quotes, pool_quotes, self._assets, end=self.span.end
        )

    def prices(self) -> pl.DataFrame:
        """Redis' price of each asset held, with ClickHouse's last one and the difference."""
        cache = self.source.rows("redis_price_current")
        return holdings.cached_prices(self.positions(), cache, end=self.span.end, current=self._is_current)

    def liquidation(self) -> pl.DataFrame:
        """Distance to liquidation and protocol risk by each store, at the end of the week."""
        return self._liquidation[1]

    def liquidation_history(self) -> pl.DataFrame:
        """Distance to liquidation at the end of each day, as the platform measured it."""
        return self._liquidation[0]

    @cached_property
    def _liquidation(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        debts = (self._holdings.rows["position_type"] == "borrowing").any()
        return holdings.liquidation(
            self._rows("risk_metrics"),
            self._rows("redis_risk_liquidation"),
            debts=None if self.unknown else bool(debts),
            current=self._is_current,
        )

    def sentiment(self) -> pl.DataFrame:
        """Mentions and mean sentiment of each asset held, this week and the last."""
        symbols = self.positions()["symbol"].unique(maintain_order=True).to_list()
        return activity.sentiment(self.source.rows("market_sentiment"), symbols, end=self.span.end)

    def sentiment_drift(self) -> pl.DataFrame:
        """Sentiment of what is held: the week and the quarter before it, with counts, and the mean by size."""
        return activity.sentiment_drift(self.source.rows("market_sentiment"), self.positions(), end=self.span.end)

    def patterns(self) -> pl.DataFrame:
        """Trading patterns on record for assets held, with the success rates that the store states."""
        return past_weeks.patterns(self.source.rows("trading_patterns"), self._underlying_symbols)

    @cached_property
    def _news(self) -> pl.DataFrame:
        """Mean embedding of each week's news of what is held."""
        points = self.source.rows("market_sentiment")
        return past_weeks.weeks_of_news(points, self._underlying_symbols, end=self.days[1])

    @cached_property
    def _underlying_symbols(self) -> list[str]:
        """Symbols of what is held, and of what stands behind it."""
        return lookthrough.symbols(self.positions(), self._registry)
