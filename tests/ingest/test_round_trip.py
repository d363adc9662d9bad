"""What the kit exports it reads back: every table that takes files, as CSV and as Parquet."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from ys_analytics import frames, ingest
from ys_analytics.errors import ContractError
from ys_analytics.frames import csvfile, parquet
from ys_analytics.ingest import files, importing
from ys_analytics.ingest.problems import Problems
from ys_analytics.schemas import TABLES, Column, Table
from ys_analytics.stores import Stores

from .conftest import Frames

TAKING_FILES = [
    table
    for table in TABLES.values()
    if table.store in ("postgres", "clickhouse") and not table.view and table.name != "schema_migrations"
]
# A column that must be there and is in no file: these rows cannot be imported, and the message names the column.
WITH_SECRETS = {"users", "user_api_keys", "user_sessions"}

TEXTS = [
    "", " ", "plain", 'with "quotes"', "with, comma", "two\nlines", "carriage\rreturn", "both\r\nof them", "tab\there",
    "semi;colon", "'single'", '""', '"', "\\N", "\\", "None of it", "0x00", "1,5", "$5 and $9", "<b>&amp;</b>", "漢字",
    " leading", "trailing ", "\ufeffmark", "a|b", "#", "sep=;", "=1+1", "\u2028", "\x7f", "é" * 30,
]  # fmt: skip
JSON_TEXTS = [
    "{}", "[]", "null", "1.10", '"text"', '{"a": "two\\nlines", "b": [1, 2.50, null, true]}', '{"": "\\"", "$": "é"}',
    '{"deep": {"deep": {"n": 123456789012345678901234567890.123456789}}}',
]  # fmt: skip
DECIMALS = ["0", "-0", "1", "-1", "0.1", "-0.000001", "0.5000", "9.99", "-123.456"]


def value(column: Column, chance: random.Random) -> object:  # noqa: PLR0911 - one line for each type
    """A value a store may hold in a column, hostile where the type allows it."""
    if column.nullable and chance.random() < 0.2:
        return None
    dtype = column.dtype
    if isinstance(dtype, pl.Decimal):
        return decimal(column, chance)
    if isinstance(dtype, pl.List):
        return pairs(column, chance)
    if isinstance(dtype, pl.Datetime):
        step = timedelta(milliseconds=1) if "DateTime64(3" in column.native_type else timedelta(microseconds=1)
        return datetime(1970, 1, 1, tzinfo=UTC) + chance.randrange(2 * 10**12) * step
    if isinstance(dtype, pl.Enum):
        return chance.choice(dtype.categories.to_list())
    if isinstance(dtype, pl.Boolean):
        return chance.random() < 0.5
    if dtype.is_integer():
        kind = {pl.UInt32: 2**32 - 1, pl.UInt64: 2**64 - 1, pl.Int32: 2**31 - 1, pl.Int64: 2**63 - 1}[type(dtype)]
        return chance.choice([0, 1, 137, kind])
    if column.native_type == "uuid" or column.name in ("asset_id", "portfolio_id"):
        return str(UUID(int=chance.getrandbits(128)))
    if column.native_type == "jsonb":
        return chance.choice(JSON_TEXTS)
    return chance.choice(TEXTS)


def decimal(column: Column, chance: random.Random) -> Decimal:
    """A small decimal, or the longest the store keeps."""
    precision, scale = importing_digits(column)
    longest, smallest = Decimal((0, (9,) * precision, -scale)), Decimal((0, (1,), -scale))
    if column.name == "price":
        return chance.choice([smallest, longest, Decimal("50000.5")])
    found = chance.choice([*map(Decimal, DECIMALS), longest, longest.copy_negate(), smallest])
    fits = abs(found) < Decimal(10) ** (precision - scale) and -found.as_tuple().exponent <= scale
    found = found if fits else smallest
    signed = column.name in ("amount0", "amount1", "total_value", "var_95", "metric_value") or column.unit == "fraction"
    return found if signed else found.copy_abs()


def importing_digits(column: Column) -> tuple[int, int]:
    """Precision and scale as the declaration's own text has them."""
    inside = column.native_type.split("(")[-1].rstrip(")").split(",")
    return int(inside[-2]), int(inside[-1])


def pairs(column: Column, chance: random.Random) -> list[dict[str, object]]:
    """A map of up to four keys."""
    keys = chance.sample([*TEXTS, str(UUID(int=7))], chance.randrange(5))
    text = "Map(String, String)" in column.native_type
    exact = [Decimal("0.12345678"), Decimal(0), Decimal("-9999999999.99999999"), Decimal("1E-8")]
    return [{"key": key, "value": chance.choice(TEXTS) if text else chance.choice(exact)} for key in keys]


def hostile(table: Table, rows: int, seed: int) -> pl.DataFrame:
    """Rows of a table, their keys distinct."""
    chance = random.Random(f"{table.name} {seed}")  # noqa: S311 - the same rows every time
    made = [{column.name: value(column, chance) for column in table.visible} for _ in range(rows)]
    return pl.DataFrame(made, schema=table.schema, orient="row").unique(list(table.key), maintain_order=True)


def read_back(table: Table, path: Path) -> pl.DataFrame:
    """A file through everything an import does before it asks a store."""
    source = files.read(path)
    importing._same_columns(table, source)
    problems = Problems(table=table.name, grouped=True, own_columns=True)
    rows = importing._typed_columns(table, source, problems, naive_is_utc=False)
    problems.raise_if_any(order=[path])
    assert problems.remark_lines() == ()
    return rows


@pytest.mark.parametrize(
    "table", [table for table in TAKING_FILES if table.name not in WITH_SECRETS], ids=lambda table: table.name
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_hostile_rows_come_back(table: Table, suffix: str, tmp_path: Path) -> None:
    """Nothing and empty text stay apart; quotes, lines, maps, JSON, microseconds and every digit come back."""
    path = tmp_path / f"rows{suffix}"
    for seed in range(5):
        rows = hostile(table, 60, seed)
        if suffix == ".csv":
            assert csvfile.write(path, [rows.head(20), rows.slice(20)]) == rows.height
        else:
            parquet.write(path, iter([rows]), schema=table.schema)
        back = read_back(table, path).select(rows.columns)
        for name in rows.columns:
            assert back[name].to_list() == rows[name].to_list(), name
        path.unlink()


# In the order in which one refers to another.
STORED = [
    *("assets", "portfolios", "portfolio_positions", "trading_strategies", "transactions", "risk_assessments"),
    *("risk_alerts", "agent_tasks"),
    *(table.name for table in TAKING_FILES if table.store == "clickhouse"),
]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_store_comes_back_from_its_own_files(stores: Stores, known: Frames, suffix: str, tmp_path: Path) -> None:
    """All tables exported, emptied and imported are what they were, and another import adds nothing."""
    _empty(stores)  # of what another test of this worker left
    stores.postgres.run("TRUNCATE users CASCADE")
    for name in ("users", *STORED):
        (stores.postgres if TABLES[name].store == "postgres" else stores.clickhouse).write(name, known[name])
    before = {name: frames.load(stores, name) for name in STORED}
    assert sum(frame.height > 0 for frame in before.values()) >= 12
    try:
        for name in STORED:
            assert frames.export(stores, name, tmp_path / f"{name}{suffix}") == before[name].height
        _empty(stores)
        for name in STORED:
            path = tmp_path / f"{name}{suffix}"
            said = ingest.import_file(stores, name, path)
            assert (said.rows, said.present, said.remarks) == (before[name].height, 0, ())
            again = ingest.import_file(stores, name, path)
            assert (again.rows, again.present) == (0, before[name].height)
        for name in STORED:
            assert frames.load(stores, name).equals(before[name]), name
    finally:
        _empty(stores)
        stores.postgres.run("DELETE FROM users")


def _empty(stores: Stores) -> None:
    for name in reversed(STORED):
        if TABLES[name].store == "postgres":
            stores.postgres.run(f"DELETE FROM {name}")  # noqa: S608 - our own names
        else:
            stores.clickhouse.run(f"TRUNCATE TABLE {name}")


@pytest.mark.parametrize("name", sorted(WITH_SECRETS))
def test_what_is_secret_is_in_no_file(name: str, tmp_path: Path) -> None:
    """A table whose secret columns must be filled cannot be imported from an export, and the columns are named."""
    path = tmp_path / "rows.csv"
    csvfile.write(path, [hostile(TABLES[name], 3, 1)])
    needed = sorted(column.name for column in TABLES[name].columns if column.secret and not column.nullable)
    with pytest.raises(ContractError, match=f"missing column {', '.join(needed)}"):
        importing._same_columns(TABLES[name], files.read(path))
