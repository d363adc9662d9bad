"""A portfolio that is days old is shown as far as its numbers go: every view, at every length of history."""

import json
from datetime import timedelta

import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics.views import DATA_TYPE

from .conftest import END
from .test_pages import CELLS, shown

# Around each least number of returns that a metric or a drawing asks for: 1, 2, 4, 10 and 30.
AGES = (1, 2, 3, 5, 11, 12, 30, 31)


@pytest.mark.parametrize("days", AGES)
def test_every_view_shows_a_portfolio_so_many_days_old(desk_of, frames, days):
    """No view fails for want of a number that a short history does not have."""
    since = END - timedelta(days=days)
    young = {
        name: frames[name].filter(pl.col("timestamp") >= since)
        for name in ("portfolio_snapshots", "risk_metrics", "transactions")
    }
    desk = desk_of("owned", **young)
    for cell in CELLS:
        data_json = shown(cell, desk)._repr_mimebundle_()[DATA_TYPE]
        assert json.loads(json.dumps(data_json, allow_nan=False)) == data_json
        assert data_json["alt"] or data_json["rows"]


def test_a_torn_window_is_not_a_short_one(desk_of, frames):
    """A history long enough, but with a day missing in each month, lacks days in a row and not days."""
    day = pl.col("timestamp").dt.day()
    torn = frames["portfolio_snapshots"].filter(~day.is_in([1, 10, 20]))
    view = ys.figures.rolling_risk(desk_of("owned", portfolio_snapshots=torn).rolling(days=30), days=30)
    assert view.alt == "Not shown: there are no 30 days in a row with a return each."
