"""A mistyped year is refused by line before anything is made for it; a database that had one is repaired."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics import ingest, migrations
from ys_analytics.errors import ContractError, StoreError
from ys_analytics.schemas import Span

NOW = datetime(2026, 11, 23, tzinfo=UTC)

_COUNT = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'transactions'::regclass"


def ledger(known, year: int) -> pl.DataFrame:
    """The transactions of the story, the last one in another year."""
    rows = known["transactions"].head(20)
    moved = rows["timestamp"].dt.offset_by(f"{year - 2026}y")
    return rows.with_columns(
        strategy_id=pl.lit(None, dtype=rows.schema["strategy_id"]),
        timestamp=pl.when(pl.int_range(pl.len()) == 19).then(moved).otherwise("timestamp"),
    )


@pytest.mark.parametrize("year", [2206, 2062, 1926])
def test_a_mistyped_year_is_named_and_makes_nothing(ready, known, tmp_path, year):
    """One row of two hundred years away: its line is said, and there are as many partitions as before."""
    before = ready.postgres.rows(_COUNT)
    path = tmp_path / "ledger.parquet"
    ledger(known, year).write_parquet(path)
    with pytest.raises(ContractError, match=rf"ledger\.parquet row 20: '{year}' is far from the years .* 2026"):
        ingest.import_file(ready, "transactions", path)
    assert ready.postgres.rows(_COUNT) == before
    assert ready.postgres.rows("SELECT count(*) FROM transactions") == [(0,)]


def test_a_mistyped_year_in_clickhouse_is_named_too(ready, known, tmp_path):
    """The same rule where a month is a partition of ClickHouse."""
    rows = known["market_data"].head(20)
    moved = rows["timestamp"].dt.offset_by("80y")
    path = tmp_path / "prices.parquet"
    rows.with_columns(timestamp=pl.when(pl.int_range(pl.len()) == 7).then(moved).otherwise("timestamp")).write_parquet(
        path
    )
    with pytest.raises(ContractError, match=r"prices\.parquet row 8: '2106' is far from the years"):
        ingest.import_file(ready, "market_data", path)


def test_plausible_years_are_imported(ready, known, tmp_path):
    """A gap of some years, and a file all of whose rows are old, are no mistakes."""
    path = tmp_path / "ledger.parquet"
    ledger(known, 2023).write_parquet(path)
    assert ingest.import_file(ready, "transactions", path).rows == 20


@pytest.mark.servers  # half a minute: hundreds of partitions
def test_a_database_full_of_partitions_is_repaired(ready, known, tmp_path):
    """What an import of the first release left behind goes, in small transactions; the standing months stay."""
    migrations.drop_far_partitions(ready, now=NOW)
    before = ready.postgres.rows(_COUNT)
    for first in range(2040, 2100, 5):
        migrations.make_partitions(
            ready, Span(datetime(first, 1, 1, tzinfo=UTC), datetime(first + 5, 1, 1, tzinfo=UTC))
        )
    assert ready.postgres.rows(_COUNT)[0][0] > before[0][0] + 700
    dropped = migrations.drop_far_partitions(ready, now=NOW)
    assert len(dropped) >= 1400
    assert ready.postgres.rows(_COUNT) == before
    path = tmp_path / "ledger.parquet"
    ledger(known, 2026).write_parquet(path)
    assert ingest.import_file(ready, "transactions", path).rows == 20
    assert migrations.drop_far_partitions(ready, now=NOW) == []


def test_a_span_of_centuries_makes_ten_years(ready):
    """Anyone who asks for more gets the last months; the default partition takes the rest."""
    migrations.drop_far_partitions(ready, now=NOW)  # what an earlier test left
    made = migrations.make_partitions(ready, Span(datetime(1850, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)))
    assert len(made) < 2 * (migrations.MAX_MONTHS + 2)
    far = {name for name in made if not "2024_11" < name[-7:] <= "2028_11"}
    assert set(migrations.drop_far_partitions(ready, now=NOW)) == far


def test_no_caller_makes_partitions_of_centuries(ready):
    """The function itself refuses, before it makes the first: a script of someone's own is bound as the kit is."""
    before = ready.postgres.rows(_COUNT)
    with pytest.raises(StoreError, match="2174 months from 1850-01-01 to 2031-02-01 are too many partitions at once"):
        ready.postgres.rows("SELECT make_month_partitions('transactions', '1850-01-01', '2031-02-01')")
    with pytest.raises(StoreError, match="122 months"):
        ready.postgres.rows("SELECT make_month_partitions('transactions', '2020-12-31', '2031-01-01')")
    assert ready.postgres.rows(_COUNT) == before
    with ready.postgres.transaction():
        [(made,)] = ready.postgres.rows("SELECT make_month_partitions('transactions', '2020-12-31', '2030-12-01')")
    assert ready.postgres.rows(_COUNT) == [(before[0][0] + len(made),)]
    migrations.drop_far_partitions(ready, now=NOW)
