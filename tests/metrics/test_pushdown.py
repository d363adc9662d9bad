"""The fleet table in SQL, on a real ClickHouse, is the fleet table in Polars."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics.metrics import daily_returns, fleet, pushdown
from ys_analytics.metrics.flows import MONEY

START = date(2025, 1, 1)
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def portfolios():
    """Values of ordinary portfolios and of every edge cases."""
    chance = random.Random(5)  # noqa: S311 - a series that must repeat, not a secret
    odd = {
        "a day old": [100],
        "never moved": [100] * 40,
        "a gap of nine days": [100 + i if not 5 <= i < 14 else None for i in range(60)],
        "emptied and refilled": [100, 110, 0, 0, 50, 55] + [55 + i for i in range(40)],
        "lost everything": [100] * 35 + [0, 0],
        "only ever lost": [100 * 0.99**i for i in range(50)],
        "a flow without a price": [100 + i for i in range(45)],
        "in and out within a day": [0, 0, 0, 1005, 0, 10, 1015, 20, 0, 2] + [2 + i for i in range(40)],
    }
    for place in range(20):
        value, path = 1000.0, []
        for _ in range(chance.randrange(25, 150)):
            value *= 1 + chance.gauss(0.0005, 0.03)
            path.append(round(value, 10))
        odd[f"ordinary {place}"] = path
    rows = [
        (f"pushdown {name}", START + timedelta(days=i), Decimal(str(value)))
        for name, path in odd.items()
        for i, value in enumerate(path)
        if value is not None
    ]
    schema = {"portfolio_id": pl.String, "day": pl.Date, "value": MONEY}
    return pl.DataFrame(rows, schema=schema, orient="row")


def external():
    """Deposits and withdrawals, one in a gap, one that empties, one without a price."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [
        ("emptied and refilled", start + timedelta(days=2, hours=12), Decimal(-110)),
        ("emptied and refilled", start + timedelta(days=4, hours=6), Decimal(50)),
        ("a gap of nine days", start + timedelta(days=9, hours=6), Decimal(7)),
        *(
            ("in and out within a day", start + timedelta(days=day, hours=hour), Decimal(amount))
            for day, hour, amount in (
                *((1, 12, 1000), (1, 13, -1050), (2, 5, -7), (2, 5, 7), (3, 23, 1000), (4, 1, -1007), (5, 9, 10)),
                *((6, 20, 1000), (7, 2, -3000), (7, 8, 2000), (8, 0, -20), (9, 6, 500), (9, 7, -499)),
            )
        ),
        ("a flow without a price", start + timedelta(days=9, hours=6), None),
        *((f"ordinary {i}", start + timedelta(days=3 + i, hours=i), Decimal(str(10.5 * (i - 9)))) for i in range(20)),
    ]
    schema = {"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY}
    return pl.DataFrame([(f"pushdown {name}", *rest) for name, *rest in rows], schema=schema, orient="row")


def test_the_query_is_the_frame_on_every_portfolio(stores):
    """Every number within 1e-9, every refusal a null, every window the same."""
    values, flows = portfolios(), external()
    late = (pl.col("day").cast(pl.Datetime("us")) + timedelta(hours=23)).dt.replace_time_zone("UTC")
    ours = fleet(daily_returns(values.with_columns(closed_at=late), flows)).sort("portfolio_id")
    early = (pl.col("day").cast(pl.Datetime("us")) + timedelta(hours=9)).dt.replace_time_zone("UTC")
    for moment, value in ((early, pl.col("value") * 2), (late, pl.col("value"))):
        snapshots = values.select(timestamp=moment, portfolio_id="portfolio_id", total_value=value)
        stores.clickhouse.write("portfolio_snapshots", snapshots)
    parameters = pushdown.fleet_parameters(flows, until=UNTIL)
    found = stores.clickhouse.read(pushdown.fleet_sql(), parameters, schema=dict(ours.schema))
    found = found.filter(pl.col("portfolio_id").str.starts_with("pushdown ")).sort("portfolio_id")
    assert found["portfolio_id"].to_list() == ours["portfolio_id"].to_list()
    for name in ours.columns:
        pairs = zip(ours["portfolio_id"], ours[name], found[name], strict=True)
        wrong = [row for row in pairs if not same(*row[1:])]
        assert not wrong, (name, wrong[:3])


def same(x, y):
    return x == y if x is None or y is None or not isinstance(x, float) else y == pytest.approx(x, rel=1e-9, abs=1e-15)


def test_a_table_is_a_plain_name():
    """Nothing but letters, digits, underscores and a dot reaches the SQL."""
    assert "FROM other_table" in pushdown.fleet_sql(snapshots="other_table")
    with pytest.raises(ValueError, match="plain name"):
        pushdown.fleet_sql(snapshots="x; DROP TABLE portfolio_snapshots")
