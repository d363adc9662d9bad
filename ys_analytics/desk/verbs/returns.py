"""Verbs of a desk on value and return.

Depends on `desk.returns`, `desk.bridge` and `desk.risk`; gives frames.
"""

from functools import cached_property
from typing import Any, Literal

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import bridge, returns, risk
from ys_analytics.desk.verbs.inputs import Inputs
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Finding, Span
from ys_analytics.schemas.arguments import checked

# The period of a figure.
Window = Literal["week", "inception"]


class ReturnVerbs(Inputs):
    """Daily values and returns, headline metrics, drawdowns and the bridge."""

    def daily_values(self) -> pl.DataFrame:
        """Close of each day: day, value in USD, closed_at."""
        return returns.daily_values(self._snapshots)

    @cached_property
    def daily_returns(self) -> pl.DataFrame:
        """Daily Modified Dietz returns with their reasons, growth and distance from the peak."""
        return returns.with_growth(metrics.daily_returns(self.daily_values(), self._flows))

    def week_days(self) -> pl.DataFrame:
        """The seven days of the week: value, return, gain, flow, or why there is none."""
        return returns.week_days(self.daily_values(), self.daily_returns, start=self.days[0])

    def performance(self) -> pl.DataFrame:
        """Every headline metric of the week and since inception, with n, window and reason."""
        return self._performance

    @cached_property
    def _performance(self) -> pl.DataFrame:
        return returns.compared(
            self.daily_returns, portfolio=self.id, week=self.days, risk_free=self._settings.risk_free
        )

    @checked
    def drawdowns(self, *, top: int = 5) -> pl.DataFrame:
        """The deepest drawdowns, up to the first day whose return is not known."""
        return metrics.drawdowns(returns.linkable(self.daily_returns), top=top)

    def monthly_returns(self) -> pl.DataFrame:
        """Return of each month and year, and which of its months returns cover in part."""
        return returns.with_partial_months(
            metrics.performance.monthly_table(self.daily_returns), self.daily_returns
        ).sort("year", descending=True)

    def months(self) -> pl.DataFrame:
        """Return of each calendar month since inception, and whether returns cover all of it."""
        return returns.months(self.daily_returns)

    def month_statistics(self) -> pl.DataFrame:
        """Mean, spread, extremes, skewness and excess kurtosis of the returns of whole months."""
        return returns.month_statistics(self.months())

    @checked
    def rolling(self, *, days: int = returns.ROLLING_DAYS) -> pl.DataFrame:
        """Rolling volatility and Sharpe ratio over a window of returns."""
        return metrics.performance.rolling(self.daily_returns, window=days, risk_free=self._settings.risk_free)

    def intervals(self) -> pl.DataFrame:
        """Each headline number with its bootstrap interval."""
        return risk.intervals(self.daily_returns, risk_free=self._settings.risk_free)

    def money_weighted(self) -> pl.DataFrame:
        """Money-weighted and time-weighted return, and their difference: the effect of the timing of flows."""
        return metrics.money_weighted(self.daily_values(), self._flows, returns=self.daily_returns)

    def claims(self) -> pl.DataFrame:
        """The platform's stored return and risk figures with ours, and what explains a difference."""
        stored = [metrics.audit.claims(frame) for frame in (self._snapshots, self._rows("risk_metrics"))]
        rate = self._settings.risk_free
        return returns.claims(pl.concat(stored), self.daily_returns, self.daily_values(), risk_free=rate)

    def bridge(self) -> pl.DataFrame:
        """The bridge: the week's opening value, each term of its change, its closing value and the residual."""
        return self._bridge_of("week")

    def residual(self) -> Finding:
        """Whether the terms of the bridge explain the week's change in value, as a finding."""
        return bridge.finding(self.bridge(), self.id)

    def _bridge_of(self, since: Window) -> pl.DataFrame:
        """The bridge of the week, or from the first movement on."""
        if since not in {"week", "inception"}:
            raise UsageError(f"since {since!r}: choose 'week' or 'inception'")
        if since not in self._bridges:
            span = self.span
            if since == "inception":
                first: Any = self._legs["timestamp"].min() or self.span.start
                span = Span(min(first, self.span.start), self.span.end)
            self._bridges[since] = bridge.bridge(
                self._legs, self._snapshots, self._legs_quotes, self._assets, span=span
            )
        return self._bridges[since]

    @cached_property
    def _bridges(self) -> dict[str, pl.DataFrame]:
        return {}
