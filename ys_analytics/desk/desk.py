"""The desk: one portfolio and one week, each verb a frame.

Depends on the verbs; reads, joins and calls metrics through them, defines no metric and draws nothing.
"""

import polars as pl

from ys_analytics.desk import card
from ys_analytics.desk.verbs.review import ReviewVerbs


class Desk(ReviewVerbs):
    """One portfolio's week, as frames.

    Its verbs are in `desk.verbs`, a file for each subject:

    - `portfolio`: portfolio, look_up, load, sql, and the properties id, days, limit, target.
    - `returns`: daily_values, daily_returns, week_days, performance, drawdowns, monthly_returns, months,
      month_statistics, rolling, intervals, money_weighted, claims, bridge, residual.
    - `holdings`: positions, allocation, pools, yields, realised_yields, prices, liquidation, liquidation_history,
      sentiment, sentiment_drift, patterns; `inputs`: unknown, why holdings are not known.
    - `activity`: headline, flows, flow_audit, transactions, gas, lots, export_lots, gains, alerts, alert_record,
      alert_history, satellites.
    - `comparison`: attribution, contributors, brinson, drift, benchmark, benchmark_name, relative, trailing,
      rolling_beta, exposure, composition, strategies.
    - `risk`: loans, thresholds, time_to_act, liquidation_ladder, liquidation_prices, shock, shocks, stress_replays,
      scenarios, concentration, contributions, correlation_changes, values_at_risk, var_history, var_backtest,
      nearest_weeks, nearest_weeks_record.
    - `evidence`: findings, warnings, suites, refusals, glossary, sources, provenance.
    - `review`: change_of_value, changes, changed_positions, limits, attention.
    - here: card.

    Attributes:
        source: Where frames come from.
        week: The ISO week.
        span: From its Monday to the next.
    """

    def __repr__(self) -> str:
        """Who and which week, in a line."""
        return f"Desk({self._portfolio_row['name']!r}, week={self.week!r}, {self.source.label})"

    def _repr_html_(self) -> str:
        """The card, as JupyterLab shows it."""
        from ys_analytics.views import tables

        return tables.card(self.card()).to_html()

    def card(self) -> pl.DataFrame:
        """Who, which week, what it is worth, as of when, how fresh, and what the checks found: name, value String."""
        return card.card(self.portfolio(), self.headline(), self.findings(), self._latest, unknown=self.unknown)
