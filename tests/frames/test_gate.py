"""Nothing leaves a loader that is not exactly what the schema declares."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ys_analytics.errors import ContractError
from ys_analytics.frames import conform, gate
from ys_analytics.schemas import MONEY, TABLES, TIME

RISK = TABLES["risk_metrics"]
CACHED = TABLES["redis_agent_health"]


def risk(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Rows by hour, portfolio and VaR; everything else is one."""
    return pl.DataFrame(
        [
            {name: Decimal(1) for name in RISK.schema}
            | {"timestamp": datetime(2026, 11, 16, hour, tzinfo=UTC), "portfolio_id": whose, "var_95": Decimal(var)}
            for hour, whose, var in rows
        ],
        schema=RISK.schema,
    )


def said(rows: pl.DataFrame) -> list[tuple[int, str, str]]:
    """The rows back as they were written."""
    return [
        (row["timestamp"].hour, row["portfolio_id"], f"{row['var_95']:f}".rstrip("0").rstrip("."))
        for row in rows.iter_rows(named=True)
    ]


def test_rows_come_out_in_the_order_of_the_key():
    """Portfolio first, then time."""
    assert said(conform(risk((2, "a", "1"), (1, "b", "1"), (1, "a", "1")), RISK)) == [
        (1, "a", "1"),
        (2, "a", "1"),
        (1, "b", "1"),
    ]


@given(st.lists(st.uuids() | st.sampled_from([UUID(int=(1 << 120) + low) for low in range(5)]), max_size=30))
def test_ids_come_out_in_the_order_of_their_text(ids):
    """Also those that begin alike, or are the same; the first digits alone decide nothing."""
    rows = pl.DataFrame({"id": [str(one) for one in ids]}, schema={"id": pl.String})
    assert gate.sort_by_key(rows, TABLES["users"])["id"].to_list() == sorted(map(str, ids))


def test_rows_that_say_the_same_twice_count_once():
    """Exact duplicates are dropped, and how many is known."""
    rows = gate.sort_by_key(risk((1, "a", "1"), (2, "a", "1"), (1, "a", "1"), (1, "a", "1")), RISK)
    kept, dropped = gate.drop_duplicates(rows, RISK)
    assert (said(kept), dropped) == ([(1, "a", "1"), (2, "a", "1")], 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_rows_that_contradict_each_other_stay(order):
    """Checking them is the suites' work; their order does not depend on the store's."""
    rows = [(1, "a", "3"), (1, "a", "2"), (1, "a", "3")]
    assert said(conform(risk(*(rows[place] for place in order)), RISK)) == [(1, "a", "2"), (1, "a", "3")]


def test_a_key_of_redis_holds_one_value():
    """Two values for one key would be a fault of the load, not of the data."""
    rows = pl.DataFrame(
        {"agent_id": ["sage", "sage"], "field": ["status"] * 2, "value": ["up", "down"], "ttl_ms": [1, 1]},
        schema=CACHED.schema,
    )
    with pytest.raises(ContractError, match="two values"):
        conform(rows, CACHED)


NOTHING = pl.lit(None, RISK.schema["var_95"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(pl.exclude("var_95"), "column var_95 is missing", id="missing"),
        pytest.param([pl.all(), pl.lit(1).alias("more")], "column more is not declared", id="extra"),
        pytest.param([pl.exclude(MONEY), pl.col(MONEY).cast(pl.Float64)], "should be Decimal", id="a float for money"),
        pytest.param(
            [pl.exclude(TIME), pl.col(TIME).cast(pl.Datetime("ms", "UTC"))], "should be Datetime", id="milliseconds"
        ),
        pytest.param(
            [pl.exclude("var_95"), NOTHING.alias("var_95")], "column var_95 holds nothing in 1 rows", id="nothing"
        ),
    ],
)
def test_a_shape_that_is_not_declared_is_refused(change, message):
    """Nothing is cast and nothing is guessed."""
    with pytest.raises(ContractError, match=message):
        conform(risk((1, "a", "1")).select(change), RISK)


def test_no_rows_are_a_frame_too():
    """Empty, typed, in order."""
    assert conform(risk(), RISK).schema == RISK.schema
