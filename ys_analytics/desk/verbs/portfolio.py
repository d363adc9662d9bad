"""A desk's portfolio and week: who, when, and the rows of its tables.

Depends on a source and the settings; computes nothing.
"""

from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from ys_analytics.desk.sources import Source
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Limits, Week
from ys_analytics.schemas.arguments import checked
from ys_analytics.settings import Settings


class PortfolioWeek:
    """One portfolio and one week over a source.

    Attributes:
        source: Where frames come from.
        week: The ISO week.
        span: From its Monday to the next.
    """

    def __init__(self, *, source: Source, portfolio_id: str, week: str, settings: Settings) -> None:
        """Hold source, week and settings; the portfolio is looked up when the first frame is asked for."""
        self.source, self.week = source, Week(week)
        self.span = self.week.span
        self._requested_portfolio, self._settings = portfolio_id, settings

    @property
    def id(self) -> str:
        """The portfolio's id."""
        return str(self._portfolio_row["id"])

    def look_up(self) -> None:
        """Find the portfolio now instead of when the first frame is asked for.

        Raises:
            UsageError: there is none of that name, several have it, or it was opened only after the week.
        """
        _ = self._portfolio_row

    @cached_property
    def _portfolio_row(self) -> dict[str, Any]:
        from ys_analytics import frames

        portfolios = self.source.rows("portfolios")
        requested = (
            frames.find_portfolio(portfolios, self._requested_portfolio).require_open(self.week)
            if self._requested_portfolio
            else None
        )
        return portfolios.row(by_predicate=pl.col("id") == (requested or self._largest(portfolios)), named=True)

    def _largest(self, portfolios: pl.DataFrame) -> str:
        """The id of the portfolio with the largest positions: the default where none is named."""
        portfolios = portfolios.filter((pl.col("created_at") < self.span.end).fill_null(value=True))
        if portfolios.is_empty():
            raise UsageError(f"no portfolio was open before the end of {self.week}; `ys load portfolios` lists them")
        values = (
            self.source.rows("portfolio_positions")
            .group_by("portfolio_id", maintain_order=True)
            .agg(pl.col("current_value").sum())
        )
        ranked = portfolios.join(values, left_on="id", right_on="portfolio_id", how="left").sort(
            "current_value", "id", descending=[True, False], nulls_last=True
        )
        return str(ranked["id"][0])

    @property
    def days(self) -> tuple[date, date]:
        """The week's Monday and the Monday after it."""
        return self.span.start.date(), self.span.end.date()

    @property
    def limit(self) -> Any:
        """The owner's limit on drawdown, as a fraction."""
        return self._portfolio_row["max_drawdown"]

    @property
    def target(self) -> Any:
        """The owner's target return per year, as a fraction."""
        return self._portfolio_row["target_return"]

    @cached_property
    def _snapshots(self) -> pl.DataFrame:
        return self._rows("portfolio_snapshots")

    @property
    def _latest(self) -> Any:
        return self._snapshots["timestamp"].max() or self.span.end

    def portfolio(self) -> pl.DataFrame:
        """One row: name, week, as of, source, risk profile and owner of the portfolio."""
        row = self._portfolio_row
        users = self.source.rows("users", where=pl.col("id") == row["user_id"])
        owner = users.row(0, named=True) if users.height else {}
        return pl.DataFrame(
            [
                {
                    "id": row["id"],
                    "name": row["name"],
                    "week": self.week,
                    "start": self.days[0],
                    "end": self.days[1],
                    "as_of": self.source.as_of or self._latest,
                    "source": self.source.label,
                    "risk_profile": row["risk_profile"],
                    "rebalancing_strategy": row["rebalancing_strategy"],
                    "created_at": row["created_at"],
                    "user_type": owner.get("user_type"),
                    "kyc_status": owner.get("kyc_status"),
                }
            ]
        )

    @checked
    def load(self, name: str) -> pl.DataFrame:
        """Rows of any table, key family or collection before the end of the week, as the stores hold them.

        Only this portfolio's where the table has a portfolio column; a table without a time comes as it was when read.
        """
        return self._rows(name)

    @checked
    def sql(self, query: str) -> pl.DataFrame:
        """One SELECT in DuckDB's SQL over this portfolio's rows: `desk.sql("SELECT count(*) FROM transactions")`.

        Tables without an owner, such as prices, come whole; the fleet is asked with `ys.sql`. Days are UTC days.

        Raises:
            UsageError: the query is not one SELECT, is wrong, or takes longer or more than the settings allow.
        """
        return self.source.sql(query, portfolio=self.id, limits=Limits(seconds=self._settings.statement_timeout))

    def _rows(self, name: str) -> pl.DataFrame:
        return self.source.rows(name, portfolio=self.id)
