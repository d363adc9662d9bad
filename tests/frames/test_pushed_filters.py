"""A filter is understood exactly or not at all: what is made of it is equal to it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from ys_analytics.frames.pushed_filters import parse_filter

ROWS = pl.DataFrame(
    {
        "id": ["a", "it's", 'x",\n  "y', "x", None],
        "ts": [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 6)],
        "n": [1, 2, None, 4, 5],
        "p": [Decimal(price) for price in ("1.5", "2", "2.000000000000000001", "-3", "0")],
        "d": [date(2026, 1, day) for day in range(1, 6)],
        "f": [0.1, 0.2, 0.3, 0.1 + 0.2, float("inf")],
        "b": [True, False, None, True, False],
    }
).with_columns(pl.col("ts").dt.cast_time_unit("us"), pl.col("p").cast(pl.Decimal(38, 18)))
TABLE = ROWS.to_arrow()


class Recording(ds.Dataset):
    """The rows, and the filter that DuckDB asked them by."""

    def __init__(self):
        """Asked by nothing yet."""
        self.filter = None

    @property
    def schema(self):
        """Name and type of the columns."""
        return TABLE.schema

    def scanner(self, columns=None, filter=None, **_):  # noqa: A002 - Arrow's name for it
        """The rows that the filter keeps."""
        self.filter = filter
        return ds.dataset(TABLE).scanner(columns=columns, filter=filter)


def parsed_by_duckdb(condition: str):
    """The filter that DuckDB makes of a condition."""
    rows = Recording()
    with duckdb.connect(":memory:") as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register("rows", rows)
        engine.execute(f"SELECT count(*) FROM rows WHERE {condition}").fetchall()  # noqa: S608 - our own words
    return rows.filter


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("id = 'it''s'", [["id = it's"]]),
        ("id IN ('a', 'x')", [["id = a", "id = x"]]),
        ("n > 1 AND n <> 4", [["n <> 4"], ["n > 1"]]),
        ("n IS NULL OR n = 4", [["n is null", "n = 4"]]),
        ("ts >= '2026-01-02' AND ts < '2026-01-03 00:00:00.000001'",
         [["ts >= 2026-01-02 00:00:00+00:00"], ["ts < 2026-01-03 00:00:00.000001+00:00"]]),
        ("date_trunc('day', ts) = '2026-01-02'",
         [["ts >= 2026-01-02 00:00:00+00:00"], ["ts < 2026-01-03 00:00:00+00:00"]]),
        ("p > 2 AND d <= '2026-01-04'", [["p > 2.000000000000000000"], ["d <= 2026-01-04"]]),
        ("p IN (1.5, 2)", [["p = 1.500000000000000000", "p = 2.000000000000000000"]]),
        ("id IS NOT NULL", [["id is not null"]]),
    ],
)  # fmt: skip
def test_a_condition_is_understood(condition, found):
    """Each kind of comparison, list and test for null that DuckDB hands over."""
    pushed = parse_filter(parsed_by_duckdb(condition), TABLE.schema)
    assert [[str(one) for one in each] for each in pushed.conditions] == found
    assert pushed.complete


@pytest.mark.parametrize("condition", ["id = 'x\"y'", "id = 'a\\b'"])
def test_what_is_not_certain_is_left_out(condition):
    """Letters that are written in several ways: nothing is taken for something else."""
    pushed = parse_filter(parsed_by_duckdb(condition), TABLE.schema)
    assert pushed.conditions == ()
    assert not pushed.complete


def test_a_float_is_left_out():
    """It prints shorter than it is."""
    pushed = parse_filter((pc.field("f") < 0.30000000000000004) & (pc.field("n") > 1), TABLE.schema)
    assert [[str(one) for one in each] for each in pushed.conditions] == [["n > 1"]]
    assert not pushed.complete


def test_two_filters_that_print_alike_are_distinguished():
    """A list of one text with a quote and a line break is not taken for a list of two."""
    one, two = (pc.field("id").isin(pa.array(values, pa.large_string())) for values in (['x",\n  "y'], ["x", "y"]))
    assert str(one) == str(two)
    for texts in (['x",\n  "y', "a"], ["x\",\n  \"y', 'a"]):
        written = ", ".join(f"'{text}'" for text in texts)
        assert parse_filter(parsed_by_duckdb(f"id IN ({written})"), TABLE.schema).conditions == ()


def test_the_rest_is_kept_where_a_part_is_not_understood():
    """A list too long to print in full leaves the comparison before it."""
    many = ", ".join(f"'{number}'" for number in range(60))
    pushed = parse_filter(parsed_by_duckdb(f"ts >= '2026-01-02' AND n > 1 AND id IN ({many})"), TABLE.schema)
    assert not pushed.complete
    assert {str(one) for each in pushed.conditions for one in each} <= {"ts >= 2026-01-02 00:00:00+00:00", "n > 1"}
