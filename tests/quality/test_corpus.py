"""Dirt injected into real prices is found; the real prices themselves are let pass."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from ys_analytics.schemas import TABLES

from .conftest import bench_module

# One size of each kind; the bench tries all.
SIZES = {
    "spike": "x2, 1 d",
    "decimal shift": "x10, 5 d",
    "last price off": "x3",
    "stale": "7 d",
    "swapped columns": "1 d",
    "time-zone shift": "+5.5 h, 3 d",
    "missing days": "1 d",
    "duplicated tick": "30 s later",
    "feed stopped": "5 d ago",
}


@pytest.fixture(scope="session")
def bench():
    """The bench's own modules, so that what is tested is what is measured."""
    return bench_module("quality_score")


@pytest.fixture(scope="session")
def clean(real_market, bench):
    """A third of the coins, those still quoted, as floats so that any factor fits."""
    last = real_market["timestamp"].max()
    live = real_market.drop("symbol").filter(pl.col("timestamp").max().over(bench.SERIES) == last)
    money = ["price", "volume_24h", "market_cap", "price_change_24h"]
    some = live["asset_id"].unique().sort().gather_every(3)
    return live.filter(pl.col("asset_id").is_in(some.implode())).with_columns(pl.col(money).cast(pl.Float64))


@pytest.fixture(scope="session")
def known(clean, detectors, bench):
    """What the detectors say of them as they are."""
    return bench.findings(clean, detectors["market_data"])


@pytest.mark.parametrize("kind", SIZES)
def test_injected_dirt_is_found(kind, clean, known, detectors, bench):
    """Nineteen faults in twenty are named, and next to nothing else is."""
    quality_dirt = bench_module("quality_dirt")
    dirt = next(each for each in quality_dirt.corpus() if (each.kind, each.size) == (kind, SIZES[kind]))
    result = bench.score(clean, dirt, detectors["market_data"], known, seed=7)
    assert result.injected >= 6
    assert result.share >= 0.95
    assert result.false_per_thousand <= 1


def test_every_kind_of_the_bench_is_tried_here(bench):
    """A kind that is added is tried."""
    assert {each.kind for each in bench_module("quality_dirt").corpus()} == set(SIZES)
    assert bench.SERIES


def test_real_markets_pass(real_findings, real_market):
    """At most one finding in a thousand series-days is about nothing; pegs are news, and the gaps are true."""
    false = sum(
        found.height
        for rule, found in real_findings.items()
        if rule not in {"keeps_its_peg(price)", "no_gap(timestamp)"}
    )
    assert 1000 * false / real_market.height <= 1


@pytest.mark.parametrize(
    ("first", "last", "symbols"),
    [
        pytest.param(date(2021, 5, 10), date(2021, 5, 31), None, id="May 2021, everybody"),
        pytest.param(date(2022, 5, 5), date(2022, 5, 31), ("USTC", "LUNC"), id="the end of UST and LUNA"),
        pytest.param(date(2023, 3, 8), date(2023, 3, 20), None, id="the weekend of USDC"),
        pytest.param(date(2020, 3, 10), date(2020, 3, 20), None, id="March 2020, everybody"),
    ],
)
def test_crashes_are_not_errors(first, last, symbols, real_findings, real_market):
    """What happened is not reported as dirt; a peg that broke is reported as news."""
    names = dict(real_market.select("asset_id", "symbol").unique().iter_rows())
    reported = []
    for rule, found in real_findings.items():
        if rule == "keeps_its_peg(price)" or "asset_id" not in found.columns or "timestamp" not in found.columns:
            continue
        days = found.filter(pl.col("timestamp").dt.date().is_between(first, last))
        reported += [(rule, names[asset]) for asset in days["asset_id"] if symbols is None or names[asset] in symbols]
    assert reported == []


def test_detectors_find_nothing_in_nothing(detectors):
    """An empty table gives no finding and no error."""
    nothing = SimpleNamespace(
        frame=lambda table: pl.DataFrame(schema=TABLES[table].schema),
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        moment=lambda _table: datetime(2026, 1, 1, tzinfo=UTC),
    )
    for each in detectors.values():
        assert [detect.rule for detect in each if not detect.find(nothing).is_empty()] == []


# The hardest kinds of the bench, one size each.
DEMO = {
    "swapped columns": "amount0 and amount1",
    "zero for unknown": "tvl",
    "embedding": "of a smaller collection, padded",
    "stores disagree": "a swap's side x10",
}


@pytest.fixture(scope="module")
def measured():
    """Of each of these kinds, the rows that were spoilt and the rows that were found; the demo is made once for all."""
    module = bench_module("quality_demo")
    chosen = [each for each in module.kinds() if DEMO.get(each.kind) == each.size]
    return {kind.kind: (spoilt, found) for kind, spoilt, found in module.measure(chosen)}


@pytest.mark.parametrize("name", DEMO)
def test_dirt_in_the_demos_own_tables_is_found(name, measured):
    """Nineteen rows in twenty are counted."""
    spoilt, found = measured[name]
    assert spoilt >= 20
    assert found >= 0.95 * spoilt
