"""The catalogue is complete, each metric is what plain Python says it is, and each edge has a stated result."""

import math
import random
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ys_analytics.metrics import ALL, HEADLINE, METRICS, fleet, performance, summarise, underwater
from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.sample import Sample

from .plain_answers import PLAIN

START = date(2024, 1, 1)
SAMPLE = Sample()
SAMPLE_DEPTH = underwater(pl.col("ret"))


def frame(ret, benchmark=None, *, gap_after=None):
    """One portfolio's returns on consecutive days, or with nine days missing after one of them."""
    days = [START + timedelta(days=i + (9 if gap_after is not None and i > gap_after else 0)) for i in range(len(ret))]
    benchmark = (
        [0.5 * (x if x is not None and math.isfinite(x) else 0.0) for x in ret] if benchmark is None else benchmark
    )
    schema = {"portfolio_id": pl.String, "day": pl.Date, "ret": pl.Float64, "benchmark": pl.Float64}
    return pl.DataFrame(
        {"portfolio_id": ["p"] * len(ret), "day": days, "ret": ret, "benchmark": benchmark}, schema=schema
    )


def ours(metric, data):
    """The metric's own expression, without the refusal of small samples."""
    path = data.with_columns(depth=SAMPLE_DEPTH)
    return path.select(metric.of(SAMPLE).alias("it"))["it"].item()


def theirs(metric, data):
    return PLAIN[metric.name](list(data.select("day", "ret", "benchmark").iter_rows()))


def same(x, y, rel=1e-9):
    if x is None or y is None:
        return x is y
    return math.isclose(x, y, rel_tol=rel, abs_tol=1e-10)


def market(seed, n=400, drift=0.0005, risk=0.03):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    benchmark = [chance.gauss(drift, risk) for _ in range(n)]
    ret = [0.8 * b + chance.gauss(0.0, risk / 2) if chance.random() > 0.05 else None for b in benchmark]
    return frame(ret, benchmark)


def test_every_metric_has_a_second_computation():
    """No metric is in the catalogue without one in plain Python, and none there without one here."""
    assert set(PLAIN) == set(METRICS)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_what_plain_python_says(metric, seed):
    """Two computations without a line in common give the same number."""
    data = market(seed, drift=[0.0005, -0.002, 0.004][seed - 1])
    assert same(ours(metric, data), theirs(metric, data), rel=1e-8 if "entropic" in metric.name else 1e-9)


EDGES = {
    "empty": [],
    "one value": [0.02],
    "one loss": [-0.02],
    "two values": [0.02, -0.01],
    "all null": [None] * 40,
    "constant gain": [0.1] * 40,
    "constant loss": [-0.1] * 40,
    "zeros": [0.0] * 40,
    "NaN among good days": [0.01, -0.02, math.nan, 0.03, -0.01] * 8,
    "infinity among good days": [0.01, -0.02, math.inf, 0.03, -0.01] * 8,
    "minus infinity among good days": [0.01, -0.02, -math.inf, 0.03, -0.01] * 8,
    "a total loss": [0.01, -0.02, 0.03] * 12 + [-1.0],
    "a total loss, and days after it": [0.01, -0.02, -1.0, 0.03, 0.5] * 8,
    "below a total loss": [0.01, -0.02, -1.5, 0.03] * 10,
    "ten thousand per cent": [0.01, -0.02, 100.0, 0.03, -0.01] * 8,
    "overflow": [100.0] * 400 + [-0.5],
    "never a loss": [0.01, 0.02, 0.0, 0.03] * 10,
    "never a gain": [-0.01, -0.02, 0.0, -0.03] * 10,
    "null at the end": [0.01, -0.02, 0.03] * 12 + [None],
}


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_edge_has_its_stated_result(edge):
    """On every odd series every metric is what the plain one states: a number or null, never NaN or infinity."""
    data = frame(EDGES[edge])
    wrong = []
    for metric in ALL:
        got, stated = ours(metric, data), theirs(metric, data)
        if (got is not None and not math.isfinite(got)) or not same(got, stated, rel=1e-7):
            wrong.append((metric.name, got, stated))
    assert not wrong


def test_a_gap_lengthens_time_and_nothing_else():
    """Nine days without data change what is per elapsed time, and what is by week and month; nothing else."""
    ret = [0.01, -0.02, 0.03, -0.005] * 15
    whole, torn = frame(ret), frame(ret, gap_after=20)
    moved = {metric.name for metric in ALL if not same(ours(metric, whole), ours(metric, torn))}
    by_calendar = {"cagr", "calmar_ratio", "martin", "pain_ratio", "burke", "sterling", "stability"}
    assert moved <= by_calendar | {"best_week", "worst_week", "best_month", "worst_month"}
    assert by_calendar <= moved
    table = summarise(torn, HEADLINE)
    assert set(table.select("n", "days").rows()) == {(60, 69), (59, 69)}, "the return over the gap is no day's"


returns = st.lists(st.one_of(st.none(), st.floats(-0.9, 3.0)), max_size=60)


@settings(max_examples=25, deadline=None)
@given(ret=returns)
def test_it_is_what_plain_python_says_of_any_series(ret):
    """The dozen of the first page, on anything Hypothesis thinks of."""
    data = frame([None if x is None else round(x, 6) for x in ret])
    for metric in HEADLINE:
        assert same(ours(metric, data), theirs(metric, data), rel=1e-8), metric.name


def test_every_metric_says_what_a_reader_needs():
    """Name, title, formula, unit, direction, reason and source are there, and no two share a name or title."""
    for metric in ALL:
        assert metric.title
        assert metric.formula
        assert metric.null_reason
        assert metric.source
        assert metric.why.endswith("."), metric.name
        assert len(metric.why.split()) >= 4, metric.name
        assert metric.gaps
        assert metric.minimum >= 1
        assert metric.title[0].isupper()
    assert len(METRICS) == len(ALL) == len({metric.title for metric in ALL})


@pytest.mark.parametrize("days", [1, 7, 29])
def test_nothing_per_year_is_made_of_days(days):
    """Below the minimum history every number per year is refused, with the reason; at it there may be one."""
    yearly = [metric for metric in ALL if metric.unit == "fraction per year"]
    assert len(yearly) > 8
    short = summarise(frame([0.01, -0.002, 0.005] * 10).head(days), yearly)
    assert short["value"].null_count() == len(yearly)
    assert set(short["reason"]) == {f"needs {MINIMUM_DAYS} days, has {days}"}
    assert {metric.minimum for metric in yearly} == {MINIMUM_DAYS}
    alone = frame([0.03]).select(performance.cagr(pl.col("ret"), day=pl.col("day"))).item()
    assert alone is None, "3 % in a day are no 4.8 million per cent a year"
    assert frame([0.03]).select(performance.cagr(pl.col("ret"), day=pl.col("day"), minimum_days=0)).item() > 1000


def test_a_number_is_refused_below_its_minimum_with_the_reason():
    """Twelve days give no Sharpe ratio, and say why; thirty do."""
    twelve = summarise(frame([0.01, -0.02, 0.03] * 4)).filter(metric="sharpe_ratio")
    assert twelve.select("value", "n", "reason").row(0) == (None, 12, "needs 30 days, has 12")
    thirty = summarise(frame([0.01, -0.02, 0.03] * 10)).filter(metric="sharpe_ratio")
    assert thirty["value"].item() is not None
    assert thirty["reason"].item() is None


def test_a_value_and_a_reason_exclude_each_other():
    """Every row of every summary has exactly one of the two."""
    many = pl.concat(frame(ret).with_columns(portfolio_id=pl.lit(edge)) for edge, ret in EDGES.items())
    table = summarise(many, ALL, portfolios=[*EDGES, "nobody"])
    assert set(table["portfolio_id"]) == {*EDGES, "nobody"}
    assert table.filter(pl.col("value").is_null() == pl.col("reason").is_null()).is_empty()


def test_a_portfolio_without_returns_is_refused_by_name():
    """A portfolio without a row appears when it is asked for."""
    table = summarise(frame([0.01] * 40), portfolios=["p", "empty"])
    assert table.filter(portfolio_id="empty")["reason"].to_list()[:2] == ["needs 1 day, has 0", "needs 30 days, has 0"]


def test_a_benchmark_is_asked_for():
    """Without a benchmark beta says so; next to one it counts the days both have, but for those after a hole."""
    data = market(5)
    beta = METRICS["beta"]
    alone = summarise(data.drop("benchmark"), [beta])
    assert alone.select("value", "reason").row(0) == (None, "needs a benchmark")
    ret = data["ret"].to_list()
    alone = [r is not None and (i == 0 or ret[i - 1] is not None) for i, r in enumerate(ret)]
    assert summarise(data, [beta])["n"].item() == sum(alone)
    assert summarise(data.with_columns(days=1), [beta])["n"].item() == data["ret"].count()


def test_the_drawdown_carries_its_dates():
    """Peak, trough and recovery; the start counts as a peak; an open one has no recovery."""
    deep = summarise(frame([0.1, -0.2, 0.05, 0.5])).filter(metric="max_drawdown")
    day = [START + timedelta(days=i) for i in range(4)]
    assert deep.select("since", "at", "until").row(0) == (day[0], day[1], day[3])
    at_once = summarise(frame([-0.2, 0.1])).filter(metric="max_drawdown")
    assert at_once.select("since", "at", "until").row(0) == (START - timedelta(days=1), START, None)


def test_order_of_rows_does_not_matter():
    """A shuffled frame gives the same numbers as a sorted one, in its own order of portfolios."""
    many = pl.concat([market(seed).with_columns(portfolio_id=pl.lit(f"p{seed}")) for seed in range(4)])
    shuffled = many.sample(fraction=1.0, shuffle=True, seed=3)
    assert fleet(shuffled).sort("portfolio_id").equals(fleet(many))


def test_two_returns_for_one_day_are_refused():
    """A day counted twice is an error that names the portfolio."""
    data = frame([0.01, 0.02])
    with pytest.raises(Exception, match="portfolio_id p has two returns for one day"):
        fleet(pl.concat([data, data]))


# Every so many-th series is computed alone as well, and the last.
STEPS = [pytest.param(4, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]


@pytest.mark.parametrize("step", STEPS)
def test_many_at_once_are_as_each_alone(step):
    """Grouped, every portfolio has the numbers it has alone: nothing leaks over a border."""
    each = {f"p{place}": frame(ret) for place, ret in enumerate(EDGES.values()) if ret}
    many = pl.concat([data.with_columns(portfolio_id=pl.lit(name)) for name, data in each.items()])
    together = fleet(many, ALL)
    for name, data in list(each.items())[::-step]:
        alone = fleet(data, ALL).drop("portfolio_id")
        row = together.filter(portfolio_id=name).drop("portfolio_id")
        assert all(
            same(x, y) if isinstance(x, float) else x == y for x, y in zip(alone.row(0), row.row(0), strict=True)
        )


def test_select_group_by_over_and_rolling_agree():
    """One definition serves all four."""
    many = pl.concat([market(seed, n=90).with_columns(portfolio_id=pl.lit(f"p{seed}")) for seed in range(3)])
    many = many.with_columns(depth=SAMPLE_DEPTH.over("portfolio_id"))
    for metric in ALL:
        number = metric.of(SAMPLE).alias("it")
        selected = [part.select(number)["it"].item() for part in many.partition_by("portfolio_id")]
        grouped = many.group_by("portfolio_id", maintain_order=True).agg(number)["it"]
        windowed = many.select("portfolio_id", number.over("portfolio_id")).unique("portfolio_id", maintain_order=True)[
            "it"
        ]
        rolled = many.rolling("day", period="90d", group_by="portfolio_id").agg(number).group_by("portfolio_id").last()
        for other in (grouped, windowed, rolled.sort("portfolio_id")["it"]):
            assert all(same(x, y) for x, y in zip(selected, other, strict=True)), metric.name
