"""A past week that is frozen later: its histories end with the week, its tables of current state with the freeze."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.quality import suites
from ys_analytics.quality.suite_types import Snapshot
from ys_analytics.schemas import TABLES, Span

# Reading a suite imports Great Expectations, and through it what is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

_END = Span.week("2026-W40").end
_FROZEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
# Each table with a rule against rows from the future, and the column of time it looks at.
_STATE = [
    ("portfolio_positions", "last_updated"),
    ("redis_price_current", "timestamp"),
    ("redis_price_hist", "timestamp"),
]
_HISTORY = [("transactions", "timestamp"), ("market_data", "timestamp"), ("market_sentiment", "timestamp")]


def _found(tmp_path: Path, table: str, column: str, at: datetime) -> int:
    """How many rows the rule names where one row of the table is of that moment."""
    declared = TABLES[table]
    row = pl.DataFrame([dict.fromkeys(declared.schema)], schema=declared.schema)
    row = row.with_columns(pl.lit(at).cast(declared.schema[column]).alias(column))
    path = tmp_path / f"{table}.parquet"
    row.write_parquet(path)
    snapshot = Snapshot({table: path}, _END, _FROZEN)
    rule = next(rule for rule in suites.read(table).detectors if rule.rule == f"not_ahead({column})")
    return rule.find(snapshot).height


@pytest.mark.parametrize(("table", "column"), _STATE)
def test_current_state_may_be_newer_than_the_week(tmp_path: Path, table: str, column: str) -> None:
    """It was read when the week was frozen, and is from the future only beyond that day."""
    assert _found(tmp_path, table, column, _END + timedelta(days=3)) == 0
    assert _found(tmp_path, table, column, _FROZEN + timedelta(days=2)) == 1


@pytest.mark.parametrize(("table", "column"), _HISTORY)
def test_a_history_may_not_have_rows_after_the_week(tmp_path: Path, table: str, column: str) -> None:
    """Rows after the end of the week do not belong to it."""
    assert _found(tmp_path, table, column, _END - timedelta(hours=1)) == 0
    assert _found(tmp_path, table, column, _END + timedelta(days=3)) == 1
