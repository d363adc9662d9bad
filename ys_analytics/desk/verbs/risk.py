"""Verbs of a desk on risk: loans, price moves, concentration and value at risk.

Depends on `desk.loans`, `desk.shocks` and `desk.risk`; gives frames.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import benchmark, loans, past_weeks, risk, shocks
from ys_analytics.desk.verbs.holdings import HoldingVerbs
from ys_analytics.desk.verbs.returns import ReturnVerbs
from ys_analytics.schemas.arguments import checked


class RiskVerbs(ReturnVerbs, HoldingVerbs):
    """Loans and their liquidation, stress tests, concentration, and value at risk with its backtest."""

    def loans(self) -> pl.DataFrame:
        """Price moves at which each loan may be liquidated, with its health factor."""
        return self._loans

    @cached_property
    def _loans(self) -> pl.DataFrame:
        return loans.loans(self.positions(), self._registry)

    def thresholds(self) -> pl.DataFrame:
        """The liquidation threshold of each asset that backs a loan, with its source and day."""
        return loans.thresholds(self.positions(), self._registry)

    def time_to_act(self) -> pl.DataFrame:
        """How fast the move that would liquidate each loan came in the last year, and in how many usual days."""
        found = self.loans()
        quotes = self._quotes_by_end.filter(pl.col("asset_id").is_in(found["asset_id"].drop_nulls().to_list()))
        closes = benchmark.daily_closes(quotes, end=self.days[1])
        return loans.time_to_act(found, closes, end=self.days[1])

    def liquidation_ladder(self) -> pl.DataFrame:
        """Health factor of each loan at each step of a falling market."""
        return loans.ladder(self.positions(), self._registry)

    def liquidation_prices(self) -> pl.DataFrame:
        """The price of each asset at which a loan may be liquidated, nearest first."""
        priced = self.loans().filter(pl.col("price").is_not_null())
        return priced.sort(pl.col("move").abs(), "place", "what", nulls_last=True)

    @checked
    def shock(self, moves: Mapping[str, float]) -> pl.DataFrame:
        """Each position, the net value and the health of each loan after price moves.

        Args:
            moves: By symbol, the move as a fraction: `{"ETH": -0.4}`; "market" for everything without a peg. Several
                happen at once: `{"ETH": -0.25, "BTC": -0.2}`.

        Returns:
            name, row String (position, net, loan); before, after, change Float64 in USD, ret Float64; of a loan
            health_before and health_after, below 1 where it may be liquidated; note String.
        """
        return shocks.shock(self.positions(), self._registry, moves)

    def shocks(self) -> pl.DataFrame:
        """Net value after falls of the market, or of one asset."""
        return risk.shocks(self.positions(), self._registry)

    def stress_replays(self) -> pl.DataFrame:
        """Today's positions revalued with the price moves of each fixed episode of the past."""
        return shocks.replay(self.positions(), self._registry)

    @checked
    def scenarios(self, path: str | Path) -> pl.DataFrame:
        """Net value and the lowest health factor after each scenario of a TOML file."""
        return shocks.scenarios(self.positions(), self._registry, shocks.read_scenarios(Path(path)))

    def correlation_changes(self) -> pl.DataFrame:
        """Correlation of each pair of assets behind what is held: the last 90 days and the 90 before."""
        return risk.correlation_changes(self.positions(), self._quotes_by_end, self._registry, end=self.days[1])

    def concentration(self) -> pl.DataFrame:
        """Concentration by asset, protocol and chain."""
        return risk.concentration(self.positions(), self._registry)

    def contributions(self) -> pl.DataFrame:
        """Contribution of each base asset to value at risk of today's holdings, and its weight after look-through."""
        return risk.contributions(self.positions(), self._quotes_by_end, self._registry)

    def values_at_risk(self) -> pl.DataFrame:
        """The values at risk of the report by method and base, at one net value."""
        values = self.daily_values()
        return risk.values_at_risk(
            self.daily_returns,
            self._rows("risk_metrics").filter(pl.col("timestamp") < self.span.end),
            self.contributions(),
            net=float(values["value"][-1]) if values.height else None,
            portfolio=self.id,
        )

    def var_history(self) -> pl.DataFrame:
        """Each day's return with the platform's value at risk of the day before."""
        return risk.var_history(self.daily_returns, self._rows("risk_metrics"), self.daily_values())

    def var_backtest(self) -> pl.DataFrame:
        """Kupiec, Christoffersen and the traffic light on the platform's value at risk."""
        return metrics.backtest.backtest(self.var_history())

    def nearest_weeks(self) -> pl.DataFrame:
        """Past weeks whose news of what is held resembles this week's most, and the return in and after them."""
        return past_weeks.nearest_weeks(self._news, self.daily_returns, monday=self.days[0])

    def nearest_weeks_record(self) -> pl.DataFrame:
        """Whether the nearest past weeks ever predicted the next one: rank correlation, its interval and n."""
        return past_weeks.record(self._news, self.daily_returns, monday=self.days[0])
