"""Effects add up: to the excess of one period, and linked to that of many."""

import math
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ys_analytics.errors import ContractError
from ys_analytics.metrics import attribution

share = st.floats(0.05, 1.0)
ret = st.floats(-0.4, 0.6)
segment = st.tuples(share, share, ret, ret)


def frame(periods):
    rows = []
    for t, segments in enumerate(periods):
        own, market = (sum(row[side] for row in segments) for side in (0, 1))
        rows += [(t, f"s{i}", w / own, wb / market, r, rb) for i, (w, wb, r, rb) in enumerate(segments)]
    names = ["weight", "benchmark_weight", "ret", "benchmark_ret"]
    schema = {"period": pl.Int64, "segment": pl.String} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def returns(data):
    w, r, wb, rb = (pl.col(name) for name in ("weight", "ret", "benchmark_weight", "benchmark_ret"))
    return data.group_by("period", maintain_order=True).agg(r=(w * r).sum(), b=(wb * rb).sum()).select("r", "b").rows()


def linked(data):
    own, market = (math.prod(1 + pair[side] for pair in returns(data)) for side in (0, 1))
    return own - market


@settings(max_examples=40, deadline=None)
@given(one=st.lists(segment, min_size=1, max_size=5))
@pytest.mark.parametrize("model", ["brinson_fachler", "brinson_hood_beebower"])
@pytest.mark.parametrize("interaction", ["apart", "selection", "allocation"])
def test_effects_of_one_period_add_up(one, model, interaction):
    """To the excess return, in every model and wherever interaction goes."""
    table = attribution.brinson(frame([one]), model=model, interaction=interaction)
    assert table["total"].sum() == pytest.approx(linked(frame([one])), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(many=st.lists(st.tuples(segment, segment, segment), min_size=1, max_size=5))
@pytest.mark.parametrize("linking", ["carino", "menchero", "grap", "frongello"])
def test_linked_effects_add_up(many, linking):
    """To the compounded excess return."""
    table = attribution.linked_effects(frame(many), linking=linking)
    assert table["total"].sum() == pytest.approx(linked(frame(many)), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(many=st.lists(st.tuples(segment, segment), min_size=1, max_size=4))
def test_geometric_effects_compound(many):
    """Allocation and selection of each period multiply to the geometric excess."""
    table = attribution.geometric_brinson(frame(many), over=["period"])
    parts = table.group_by("period").agg(pl.col("allocation", "selection").sum())
    own, market = (math.prod(1 + pair[side] for pair in returns(frame(many))) for side in (0, 1))
    joined = math.prod((1 + a) * (1 + s) for _, a, s in parts.iter_rows())
    assert joined == pytest.approx(own / market, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(many=st.lists(st.tuples(segment, segment), min_size=1, max_size=4))
def test_notionals_add_up(many):
    """Davies and Laker: allocation, selection and interaction are the compounded excess."""
    found = attribution.compounded_notionals(frame(many))
    assert math.fsum(found.values()) == pytest.approx(linked(frame(many)), abs=1e-9)


def test_a_side_without_weight_needs_no_return():
    """What only one side holds is allocation, not an unknown."""
    data = pl.DataFrame(
        {
            "weight": [0.5, 0.5],
            "benchmark_weight": [1.0, 0.0],
            "ret": [0.1, 0.3],
            "benchmark_ret": [0.1, None],
        }
    )
    table = attribution.brinson(data)
    assert table["total"].sum() == pytest.approx(0.1)
    assert table["selection"].to_list() == [0.0, 0.0]


def test_a_period_that_lost_everything_cannot_be_linked():
    """It is said, not divided by."""
    with pytest.raises(ContractError, match="lost everything"):
        attribution.linked_effects(frame([[(1.0, 1.0, -1.0, 0.1)], [(1.0, 1.0, 0.1, 0.1)]]))


def test_contributions_add_up_to_the_linked_return():
    """Of every chain, over every day, to what the portfolio in fact returned."""
    days = [date(2025, 1, 1) + timedelta(days=i) for i in range(4)]
    rows = [
        {"portfolio_id": "p", "day": day, "chain": chain, "gain": gain * (i + 1), "capital": 100.0 + i}
        for i, day in enumerate(days)
        for chain, gain in (("ethereum", 3.0), ("base", -1.0))
    ]
    table = attribution.contributions(pl.DataFrame(rows), along="chain")
    whole = math.prod(1 + 2.0 * (i + 1) / (100 + i) for i in range(4)) - 1
    assert table["contribution"].sum() == pytest.approx(whole)
    assert table["chain"].to_list() == ["ethereum", "base"]
