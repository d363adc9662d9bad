"""Moments of another zone are converted, those without one and days of another zone are refused, at every entrance."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.errors import ContractError
from ys_analytics.metrics import audit, pushdown
from ys_analytics.schemas import MONEY, TIME

MOMENTS = [
    datetime(2026, 11, 16, 2, tzinfo=UTC),
    datetime(2026, 11, 16, 20, tzinfo=UTC),
    datetime(2026, 11, 17, 3, tzinfo=UTC),
]
PLACES = ("America/New_York", "Asia/Tokyo", "Pacific/Apia")


def claimed(dtype):
    """Three claims, their moments in some type."""
    frame = pl.DataFrame({"portfolio_id": "a", "timestamp": MOMENTS, "volatility": [0.1, 0.2, 0.3]})
    return frame.with_columns(pl.col("timestamp").cast(TIME)).with_columns(_in(dtype))


def _in(dtype):
    zone = dtype.time_zone
    column = pl.col("timestamp")
    moved = column.dt.replace_time_zone(None) if zone is None else column.dt.convert_time_zone(zone)
    return moved.dt.cast_time_unit(dtype.time_unit)


def flows(dtype):
    """A deposit at two on Monday morning, UTC."""
    frame = pl.DataFrame(
        {"portfolio_id": ["a"], "timestamp": MOMENTS[:1], "amount": [Decimal(10)]},
        schema={"portfolio_id": pl.String, "timestamp": TIME, "amount": MONEY},
    )
    return frame.with_columns(_in(dtype))


VALUES = pl.DataFrame(
    {"portfolio_id": "a", "day": [date(2026, 11, 15), date(2026, 11, 16)], "value": [Decimal(100), Decimal(112)]},
    schema_overrides={"value": MONEY},
)
TRANSACTIONS = {
    "portfolio_id": ["a"], "transaction_type": ["deposit"], "status": ["confirmed"], "protocol_name": [None],
    "metadata": ["{}"], "from_asset_id": [None], "to_asset_id": ["x"], "from_amount": [None], "to_amount": [Decimal(1)],
}  # fmt: skip


def priced(dtype):
    """The flow of one deposit, and the quote it is worth, both in some type of moment."""
    rows = pl.DataFrame({**TRANSACTIONS, "timestamp": MOMENTS[1:2]},
                        schema_overrides={"from_amount": MONEY, "to_amount": MONEY, "timestamp": TIME,
                                          "protocol_name": pl.String, "from_asset_id": pl.String})  # fmt: skip
    quotes = pl.DataFrame({"asset_id": ["x"], "timestamp": MOMENTS[:1], "price": [Decimal(7)]},
                          schema_overrides={"price": MONEY, "timestamp": TIME})  # fmt: skip
    return metrics.external_flows(
        metrics.classify_flows(rows.with_columns(_in(dtype))), quotes.with_columns(_in(dtype))
    )


ENTRANCES = {
    "claims": lambda dtype: audit.claims(claimed(dtype)),
    "daily returns": lambda dtype: metrics.daily_returns(VALUES, flows(dtype)),
    "money-weighted": lambda dtype: metrics.money_weighted(VALUES, flows(dtype)),
    "external flows": priced,
    "pushdown": lambda dtype: pl.DataFrame(
        {name: str(value) for name, value in pushdown.fleet_parameters(flows(dtype), until=MOMENTS[2]).items()}
    ),
}


@pytest.mark.parametrize("name", ENTRANCES)
def test_a_moment_is_the_same_in_every_zone(name):
    """Days are UTC days and sums the same, in every zone and unit of the moments."""
    expected = ENTRANCES[name](TIME)
    assert expected.height
    for zone in PLACES:
        for unit in ("ms", "us", "ns"):
            assert ENTRANCES[name](pl.Datetime(unit, zone)).equals(expected), (zone, unit)


@pytest.mark.parametrize("name", ENTRANCES)
def test_a_moment_without_a_zone_is_refused(name):
    """It could be any moment of a day and more: the line names the column and what to write."""
    with pytest.raises(ContractError, match=r"^\w+: timestamp has no time zone; say which with dt.replace_time_zone$"):
        ENTRANCES[name](pl.Datetime("us"))


def test_days_of_claims_are_utc_days():
    """Two claims on the sixteenth, one on the seventeenth, wherever the frame was made."""
    for zone in ("UTC", *PLACES):
        found = ENTRANCES["claims"](pl.Datetime("us", zone))
        assert found.select("day", "stored").rows() == [(date(2026, 11, 16), 0.2), (date(2026, 11, 17), 0.3)]


@pytest.mark.parametrize("zone", PLACES)
def test_a_day_of_another_zone_is_refused(zone):
    """A return of a day that begins elsewhere cannot stand next to one of a UTC day."""
    days = pl.DataFrame({"portfolio_id": "a", "day": MOMENTS, "ret": [0.1, 0.2, 0.3]}).with_columns(
        pl.col("day").cast(TIME).dt.convert_time_zone(zone)
    )
    with pytest.raises(ContractError, match=f"day is a day of {zone}, and days are UTC days"):
        metrics.summarise(days)
    values = days.rename({"ret": "value"}).cast({"value": MONEY})
    with pytest.raises(ContractError, match=f"day is a day of {zone}, and days are UTC days"):
        metrics.daily_returns(values)
