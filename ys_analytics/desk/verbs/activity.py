"""Verbs of a desk on events: flows, transactions, gas, lots, alerts and the platform's agents.

Depends on `desk.activity`, `desk.lots` and `desk.agents`; gives frames.
"""

from datetime import timedelta
from pathlib import Path

import polars as pl

from ys_analytics.desk import activity, agents, returns, sheets
from ys_analytics.desk.activity import GasBy
from ys_analytics.desk.lots import Books, totals
from ys_analytics.desk.lots import lots as books_of
from ys_analytics.desk.verbs.returns import ReturnVerbs, Window
from ys_analytics.metrics.lots import Matching
from ys_analytics.metrics.spans import UNPRICED
from ys_analytics.schemas.arguments import checked


class ActivityVerbs(ReturnVerbs):
    """Flows, transactions, gas, lots, alerts, satellites, and the week's headline."""

    def headline(self) -> pl.DataFrame:
        """One row: value, return, gain and flow of the week, return since inception, drawdown limit, alerts."""
        measures = {row["metric"]: row for row in self.performance().iter_rows(named=True)}
        total, days, values, alerts = measures["total_return"], self.week_days(), self.daily_values(), self.alerts()
        week_flows = self.flows(week=True)
        unpriced = days["reason"].eq(UNPRICED).any()
        last = values.row(-1, named=True) if values.height else {}
        return pl.DataFrame(
            [
                {
                    "value": last.get("value"),
                    "value_day": last.get("day"),
                    "week_return": total["week"],
                    "week_reason": total["week_reason"],
                    "gain": days["gain"].sum() if days["gain"].count() and not unpriced else None,
                    "flow": week_flows["amount"].sum()
                    if values.height and not week_flows["amount"].null_count()
                    else None,
                    "since_return": total["since"],
                    "since_reason": total["since_reason"],
                    "since_day": total["since_start"],
                    "max_drawdown": self.limit,
                    **returns.against_limit(self.daily_returns, self.limit, week=self.days),
                    "alerts": int(alerts["in_week"].sum()),
                    "open_alerts": alerts.height - alerts["resolved_at"].count(),
                }
            ],
            schema_overrides={
                **dict.fromkeys(("week_return", "since_return", "underwater", "week_deepest"), pl.Float64),
                **dict.fromkeys(("beyond_week", "beyond_ever"), pl.Int64),
                **dict.fromkeys(("beyond_since", "beyond_first", "beyond_last"), pl.Date),
                "beyond_now": pl.Boolean,
            },
        )

    @checked
    def flows(self, *, week: bool = False) -> pl.DataFrame:
        """External flows in USD, positive into the portfolio: all of them, or the week's."""
        flows = self._flows.with_columns(day=pl.col("timestamp").dt.date())
        in_week = self.span.contains("timestamp")
        return flows.filter(in_week) if week else flows

    def flow_audit(self) -> pl.DataFrame:
        """Number of transactions that each flow rule classified, in the week and since inception."""
        return activity.flow_audit(self._transactions, span=self.span)

    @checked
    def transactions(self, *, since: Window = "week") -> pl.DataFrame:
        """Transactions with symbols, flow, rule, status and the gas of each in USD.

        Args:
            since: Those of the "week", or all since "inception".
        """
        return activity.transactions(self._transactions, self._assets, span=self.span if since == "week" else None)

    @checked
    def gas(self, *, by: GasBy = "status") -> pl.DataFrame:
        """Gas cost in USD, in the week and since inception.

        Args:
            by: A row for each "status", "month", "protocol" or "chain".
        """
        return activity.gas(self._transactions, span=self.span, by=by)

    @checked
    def lots(self, *, matching: Matching = "fifo", year: int | None = None) -> pl.DataFrame:
        """Closed lots, of one year or since inception, and open lots: acquired, cost, proceeds, gain.

        Args:
            matching: "fifo" the oldest lot first, "lifo" the latest, "hifo" the one of highest cost, or all at
                "average" cost.
            year: Only what left in this UTC year, and what was left at its end.

        Returns:
            A row a lot, `kind` "open" where it is still held; `holding_days` of an open one up to the end of the week,
            or of the year.
        """
        return self._books(matching, year).lots

    @checked
    def export_lots(self, path: str | Path, *, matching: Matching = "fifo", year: int | None = None) -> Path:
        """Write lots, totals by asset, income, expenses and debts for a tax adviser: one XLSX, or several CSVs.

        Args:
            path: Ends in .xlsx or .csv; a CSV holds the lots, and the others lie next to it with their names added.
            matching: As for `lots`.
            year: As for `lots`.

        Returns:
            The path.

        Raises:
            UsageError: it ends otherwise.
        """
        books = self._books(matching, year)
        return sheets.write(
            Path(path),
            {"lots": books.lots, "totals": totals(books), "income": books.income, "expenses": books.expenses,
             "debts": books.debts},
        )  # fmt: skip

    @checked
    def gains(self, *, matching: Matching = "fifo", year: int | None = None) -> pl.DataFrame:
        """Realised and unrealised gains, income, expenses and unmatched disposals by asset.

        Args:
            matching: As for `lots`.
            year: As for `lots`.
        """
        return totals(self._books(matching, year))

    def _books(self, matching: Matching, year: int | None) -> Books:
        end = self.span.end - timedelta(microseconds=1)
        return books_of(
            self._transactions, self._assets, self._legs_quotes, at=end, growth=self._legs, matching=matching, year=year
        )

    def alerts(self) -> pl.DataFrame:
        """Alerts of the week and older ones still open."""
        return activity.alerts(self._rows("risk_alerts"), span=self.span)

    def alert_record(self) -> pl.DataFrame:
        """Alerts by type since inception: time to acknowledgement and resolution, and how often a bad day followed."""
        alerts = activity.alerts_as_of(self._rows("risk_alerts"), end=self.span.end)
        return activity.alert_record(alerts, self.daily_returns, end=self.span.end)

    def alert_history(self) -> pl.DataFrame:
        """Alerts of the last quarter."""
        return activity.recent_alerts(self._rows("risk_alerts"), span=self.span)

    def satellites(self) -> pl.DataFrame:
        """Health, tasks and performance of the satellite agents in the week, of all portfolios."""
        names = ("satellite_agents", "agent_tasks", "satellite_performance", "redis_agent_health")
        return agents.satellites(*(self.source.rows(name) for name in names), span=self.span)
