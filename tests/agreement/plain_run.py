"""A frozen run read without the package: Parquet by pyarrow, rows as dicts; one portfolio's week of it.

What several pages need (closes, returns, movements, holdings) is computed once, by the plain modules next to this one.
"""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from . import plain_bridge, plain_holdings, plain_ledger, plain_rebasing, plain_returns
from .plain_market import WEEK, Market, Row
from .plain_metrics import Known

QUARTER = 13 * WEEK

# Long columns that only one view needs.
_LEFT_OUT = {"vector"}


def monday_of(week: str) -> datetime:
    """The first moment of an ISO week."""
    year, number = week.split("-W")
    return datetime.combine(date.fromisocalendar(int(year), int(number), 1), time(), UTC)


class Run:
    """The frames of one frozen week, as rows by table."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        self.week: str = self.manifest["week"]
        self._rows: dict[str, list[Row]] = {}

    def rows(self, table: str) -> list[Row]:
        """Every row of a table."""
        if table not in self._rows:
            path = self.folder / "frames" / f"{table}.parquet"
            names = [name for name in pq.read_schema(path).names if name not in _LEFT_OUT]
            self._rows[table] = pq.read_table(path, columns=names).to_pylist()
        return self._rows[table]

    @cached_property
    def vectors(self) -> dict[str, list[float]]:
        """The embedding of each point of news, by its id."""
        points = pq.read_table(self.folder / "frames" / "market_sentiment.parquet", columns=["id", "vector"])
        return {row["id"]: row["vector"] for row in points.to_pylist()}

    @cached_property
    def market(self) -> Market:
        """All prices."""
        return Market(self.rows("market_data"))

    @cached_property
    def findings(self) -> list[Row]:
        """What the suites found, if they were asked."""
        path = self.folder / "findings.json"
        stated = json.loads(path.read_text()) if path.is_file() else []
        return stated.get("findings", []) if isinstance(stated, dict) else stated


class Report:
    """One portfolio's week."""

    def __init__(self, run: Run, portfolio: Row, *, draws: bool = False) -> None:
        """Of a portfolio by its row; with `draws` bootstraps are drawn again, which takes most of a second."""
        self.run, self.portfolio, self.id, self.draws = run, portfolio, portfolio["id"], draws
        self.monday = monday_of(run.week)
        self.end = self.monday + WEEK
        self.first, self.last = self.monday.date(), (self.end - WEEK / 7).date()

    def mine(self, table: str) -> list[Row]:
        """The rows of a table that are this portfolio's."""
        return [row for row in self.run.rows(table) if row["portfolio_id"] == self.id]

    def inside(self, moment: datetime) -> bool:
        """Whether a moment is in the week."""
        return self.monday <= moment < self.end

    def inside_day(self, day: date) -> bool:
        """Whether a day is in the week."""
        return self.first <= day <= self.last

    @property
    def market(self) -> Market:
        """All prices."""
        return self.run.market

    @cached_property
    def assets(self) -> list[Row]:
        """The registry."""
        return self.run.rows("assets")

    @cached_property
    def symbols(self) -> dict[str, str]:
        """Symbol of each asset."""
        return {asset["id"]: asset["symbol"] for asset in self.assets}

    @cached_property
    def transactions(self) -> list[Row]:
        """Transactions, oldest first."""
        return sorted(self.mine("transactions"), key=lambda row: (row["timestamp"], row["id"]))

    @cached_property
    def snapshots(self) -> list[Row]:
        """Snapshots."""
        return self.mine("portfolio_snapshots")

    @cached_property
    def closes(self) -> list[plain_returns.Close]:
        """Close of each day."""
        return plain_returns.closes(self.snapshots)

    @cached_property
    def flows(self) -> list[tuple[datetime, Decimal | None, str]]:
        """External flows."""
        return plain_ledger.flows(self.transactions, self.market)

    @cached_property
    def daily(self) -> list[plain_returns.Day]:
        """Daily returns."""
        return plain_returns.daily(self.closes, [(at, amount) for at, amount, _ in self.flows])

    @cached_property
    def known(self) -> list[Known]:
        """Every return there is."""
        return [Known(day.day, day.ret, day.days or 1) for day in self.daily if day.ret is not None]

    @cached_property
    def alone(self) -> list[Known]:
        """Every return of one day."""
        return [one for one in self.known if one.days == 1]

    @property
    def week_known(self) -> list[Known]:
        """The returns that end in the week."""
        return [one for one in self.known if self.first <= one.day <= self.last]

    @cached_property
    def unknown_days(self) -> list[date]:
        """Days whose return no one knows: a flow has no price."""
        return [day.day for day in self.daily if day.why == "unpriced"]

    @cached_property
    def depths(self) -> list[tuple[float | None, float | None]]:
        """Growth since the start, and distance from the peak, after each close."""
        wealth = peak = 1.0
        found: list[tuple[float | None, float | None]] = []
        for day in self.daily:
            if day.ret is None or (self.unknown_days and day.day >= self.unknown_days[0]):
                found.append((None, None))
                continue
            wealth *= 1 + day.ret
            peak = max(peak, wealth)
            found.append((wealth - 1, wealth / peak - 1))
        return found

    @cached_property
    def legs(self) -> list[plain_ledger.Leg]:
        """Movements, and growth of balances."""
        moved = plain_ledger.legs(self.transactions, self.assets, self.market)
        return plain_rebasing.credited(moved, self.snapshots, self.assets, self.market)

    @cached_property
    def holdings(self) -> plain_holdings.Holdings:
        """What was held at the week's end."""
        return plain_holdings.holdings(self)

    @cached_property
    def bridge(self) -> plain_bridge.Bridge:
        """Why the week's value changed."""
        return plain_bridge.bridge(self.legs, self.snapshots, self.assets, self.market, monday=self.monday)

    @cached_property
    def all_alerts(self) -> list[Row]:
        """Every alert, as it stood at the week's end: what came of it later had not happened."""
        later = ("acknowledged_at", "resolved_at")
        return [
            row | {name: None for name in later if row[name] is not None and row[name] >= self.end}
            for row in self.mine("risk_alerts")
            if row["created_at"] < self.end
        ]

    @cached_property
    def alerts(self) -> list[Row]:
        """Alerts of the week, and those that were open at its end; newest first."""
        rows = [row for row in self.all_alerts if self.inside(row["created_at"]) or row["resolved_at"] is None]
        return sorted(sorted(rows, key=lambda row: row["id"]), key=lambda row: row["created_at"], reverse=True)
