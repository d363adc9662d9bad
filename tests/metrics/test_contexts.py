"""Every public expression, on every odd series, is the same number wherever it is asked, and a number or null."""

import inspect
import math
from datetime import date, timedelta

import polars as pl
import pytest

from ys_analytics.metrics import drawdown, performance, risk

R, B, DAY = pl.col("ret"), pl.col("benchmark"), pl.col("day")
# What a function takes besides the returns.
ARGUMENTS = {
    "periods_per_year": 365,
    "day": DAY,
    "growth": pl.lit(0.5),
    "sharpe": pl.lit(1.0),
    "risk": pl.lit(0.1),
    "theta": 1.0,
    "every": "month",
    "of": "wins",
    "order": 2,
}
PERIODIC = "as many rows as periods, not for `over`"
EDGES = {
    "one value": [0.02],
    "one loss": [-0.02],
    "two values": [0.02, -0.01],
    "all null": [None] * 10,
    "ordinary": [0.01, -0.02, 0.03, -0.005, 0.0] * 12,
    "constant gain": [0.1] * 40,
    "constant loss": [-0.1] * 40,
    "zeros": [0.0] * 40,
    "NaN among good days": [0.01, -0.02, math.nan, 0.03, -0.01] * 8,
    "infinity among good days": [0.01, -0.02, math.inf, 0.03, -math.inf] * 8,
    "a total loss, and days after it": [0.01, -0.02, -1.0, 0.03, 0.5] * 8,
    "below a total loss": [0.01, -0.02, -1.5, 0.03] * 10,
    "ten thousand per cent": [0.01, -0.02, 100.0, 0.03, -0.01] * 8,
    "overflow": [100.0] * 400 + [-0.5],
    "overflow at once": [1e200, 1e300, -0.5, 1e308] * 5,
    "never a loss": [0.01, 0.02, 0.0, 0.03] * 10,
    "never a gain": [-0.01, -0.02, 0.0, -0.03] * 10,
    "null at both ends": [None, *[0.01, -0.02, 0.03] * 12, None],
    "a millionth of a millionth": [1e-12, -2e-12, 3e-12] * 12,
    "a million": [1e6, 2e6, -0.5] * 12,
    "large and constant": [123456.789] * 30,
}


def calls():
    """Every public function of returns, with the arguments it needs."""
    for room in (performance, drawdown, risk):
        for name in room.__all__:
            function = getattr(room, name)
            if not inspect.isfunction(function):
                continue
            first, *others = inspect.signature(function).parameters.values()
            if first.name not in {"ret", "price"}:
                continue
            pair = [B] if others and others[0].name == "benchmark" else []
            must = [p.name for p in others[len(pair) :] if p.default is inspect.Parameter.empty]
            yield pytest.param(function(R, *pair, **{name: ARGUMENTS[name] for name in must}), name, id=name)


CALLS = list(calls())


def frame(name, ret):
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(len(ret))]
    benchmark = [
        0.5 * (x if x is not None and math.isfinite(x) else 0.0) + 0.001 * (i * 7 % 5 - 2) for i, x in enumerate(ret)
    ]
    schema = {"edge": pl.String, "day": pl.Date, "ret": pl.Float64, "benchmark": pl.Float64}
    return pl.DataFrame({"edge": [name] * len(ret), "day": days, "ret": ret, "benchmark": benchmark}, schema=schema)


FRAMES = {name: frame(name, ret) for name, ret in EDGES.items()}
TOGETHER = pl.concat(FRAMES.values())
EMPTY = TOGETHER.clear()


def alike(x, y):
    if isinstance(x, float) and isinstance(y, float):
        return math.isclose(x, y, rel_tol=1e-7, abs_tol=1e-9)
    return x == y


def listed(value):
    return value if isinstance(value, list) else [value]


def differing(got, alone):
    return {
        edge: (values[:3], alone[edge][:3])
        for edge, values in got.items()
        if len(values) != len(alone[edge]) or not all(map(alike, values, alone[edge]))
    }


def test_the_public_functions_are_found():
    """The walk finds them."""
    assert len(CALLS) > 100


# How many of the series are asked of lazily as well, which changes the plan and no value: every so many-th.
STEPS = [pytest.param(5, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("expression", "name"), CALLS)
def test_a_metric_is_the_same_in_every_context(expression, name, step):
    """Eager or lazy, alone, by group or over it; and no NaN, no infinity, no error of Polars anywhere."""
    it = expression.alias("it")
    alone = {edge: data.select(it)["it"].to_list() for edge, data in FRAMES.items()}
    assert all(x is None or not isinstance(x, float) or math.isfinite(x) for row in alone.values() for x in row)
    EMPTY.select(it)
    for plan in (
        TOGETHER.lazy().group_by("edge", maintain_order=True).agg(it),
        TOGETHER.lazy().sort("edge").set_sorted("edge").group_by("edge", maintain_order=True).agg(it),
    ):
        grouped = {edge: listed(value) for edge, value in plan.select("edge", "it").collect().iter_rows()}
        assert not differing(grouped, alone)
    lazily = {edge: FRAMES[edge].lazy().select(it).collect()["it"].to_list() for edge in list(FRAMES)[::step]}
    assert not differing(lazily, alone)
    if name != "period_returns":
        spread = TOGETHER.select("edge", expression.over("edge").alias("it"))
        whole = {
            edge: listed(row["it"].to_list()) for (edge,), row in spread.partition_by("edge", as_dict=True).items()
        }
        repeated = {
            edge: values * FRAMES[edge].height if len(values) == 1 else values for edge, values in alone.items()
        }
        assert not differing(whole, repeated)


@pytest.mark.parametrize("expression", [pytest.param(one.values[0], id=one.id) for one in CALLS])
@pytest.mark.parametrize("kind", [pl.Float32, pl.Decimal(38, 18), pl.Int64], ids=str)
def test_any_kind_of_number_will_do(expression, kind):
    """Float32, exact decimals and whole numbers are taken as they are, and answered in Float64 or dates."""
    data = FRAMES["ordinary"].with_columns(R * (100 if kind == pl.Int64 else 1), B.round(3) * 1000)
    # What the kind cannot hold is not held against the function: only that it is computed in full precision.
    held = data.with_columns(pl.col("ret", "benchmark").cast(kind))
    got = held.select(expression.alias("it"))["it"]
    due = held.with_columns(pl.col("ret", "benchmark").cast(pl.Float64)).select(expression.alias("it"))["it"]
    assert got.dtype == due.dtype
    assert got.dtype in {pl.Float64, pl.Date}
    assert all(map(alike, got.to_list(), due.to_list()))
