"""What there is, looked up by name from any folder: portfolios, weeks, catalogue, comparison and ranking."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics import demo, frames
from ys_analytics.errors import UsageError
from ys_analytics.settings import load_settings

WEEK = "2026-W47"
AS_OF = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def out(stores, tmp_path_factory):
    """A folder of runs with one run of nine portfolios; where the kit looks for runs."""
    demo.fill(stores, portfolios=9, days=60, seed=5, replace=True)
    folder = tmp_path_factory.mktemp("overview")
    frames.freeze(stores, week=WEEK, out=folder, as_of=AS_OF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YS_OUT", str(folder))
        load_settings.cache_clear()
        yield folder
    load_settings.cache_clear()


def test_a_portfolio_and_a_week_are_enough(out, tmp_path, monkeypatch):
    """From any folder: by name, by week, by both; the desk knows at once whose it is."""
    monkeypatch.chdir(tmp_path)
    named = ys.open("Harbour Income", week=WEEK)
    assert named.source.folder == out / WEEK
    assert repr(named) == f"Desk('Harbour Income', week='{WEEK}', frozen run of {WEEK})"
    assert ys.open("harbour").id == ys.open(WEEK, portfolio_id="Harbour Income").id == named.id
    with pytest.raises(UsageError, match="no portfolio is called 'Harbor Incme'; did you mean Harbour Income"):
        ys.open("Harbor Incme", week=WEEK, portfolio_id="")
    with pytest.raises(UsageError, match=f"no run of 2026-W40: there are {WEEK}"):
        ys.open("2026-W40")


def test_weeks_and_portfolios_are_listed(out):
    """The newest run first; the largest portfolio first; one that was never funded last, without a value."""
    weeks = ys.weeks()
    assert weeks["week"].to_list() == [WEEK]
    assert weeks["rows"][0] == sum(one.rows for one in frames.open_run(out / WEEK).manifest.frames.values())
    listed = ys.portfolios()
    values = listed["value"].drop_nulls().to_list()
    assert values == sorted(values, reverse=True)
    assert listed.row(-1, named=True)["name"] == "Never funded"
    last = ys.load("portfolio_snapshots", run=out / WEEK).sort("timestamp").group_by("portfolio_id").last()
    assert dict(listed.drop_nulls("value").select("id", "value").rows()) == dict(
        last.select("portfolio_id", "total_value").rows()
    )


def test_a_run_is_named_by_its_week_everywhere(out, tmp_path, monkeypatch):
    """Rows, SQL and nearest points of a run: by its folder or by its week's name, from any folder."""
    monkeypatch.chdir(tmp_path)
    assert ys.load("assets", run=WEEK).equals(ys.load("assets", run=out / WEEK))
    assert ys.sql("SELECT count(*) AS n FROM assets", run=WEEK)["n"][0] == ys.load("assets", run=WEEK).height
    point = ys.load("trading_patterns", run=WEEK)["id"][0]
    near = ys.similar("trading_patterns", to=point, limit=2, run=WEEK)
    assert near.equals(ys.similar("trading_patterns", to=point, limit=2, run=out / WEEK))
    for ask in (ys.load, ys.similar):
        with pytest.raises(UsageError, match=f"no run of 2026-W40: there are {WEEK}"):
            ask("trading_patterns", run="2026-W40", **({"to": point} if ask is ys.similar else {}))


def test_the_catalogue_is_searched():
    """A word in a name or a meaning; without one everything."""
    assert set(ys.catalog("liquidation")["table"]) >= {"risk_metrics", "redis_risk_liquidation"}
    assert ys.catalog("no such word").is_empty()
    assert ys.catalog().filter(column="").height > 30
    rules = dict(ys.catalog().filter(table="portfolios").select("column", "rules").rows())
    assert rules["user_id"] == "UUID in lower case; in users.id"
    assert rules["max_drawdown"] == "at least 0 and at most 1"


def test_portfolios_stand_side_by_side(out):
    """The numbers of each desk."""
    both = ys.compare("Harbour Income", "Nine days missing", run=out / WEEK)
    for name in ("Harbour Income", "Nine days missing"):
        own = ys.open(name, week=WEEK).performance()
        assert both.filter(window="since inception")[name].to_list() == own["since"].to_list()
        assert both.filter(window="the week")[f"{name} reason"].to_list() == own["week_reason"].to_list()
    with pytest.raises(UsageError, match="name at least one portfolio"):
        ys.compare()


@pytest.mark.usefixtures("out")
def test_the_fleet_is_ranked_by_any_metric():
    """Each number is the desk's; the best first by the metric's own direction; no one is dropped."""
    sharpe = ys.fleet(by="sharpe_ratio")
    assert sharpe.height == ys.portfolios().height
    for row in sharpe.iter_rows(named=True):
        own = (
            ys.open(row["id"], week=WEEK).performance().row(by_predicate=pl.col("metric") == "sharpe_ratio", named=True)
        )
        assert row["sharpe_ratio"] == (None if own["since"] is None else pytest.approx(own["since"], rel=1e-12))
        assert row["reason"] == own["since_reason"]
    values = sharpe["sharpe_ratio"].drop_nulls().to_list()
    assert values == sorted(values, reverse=True)
    risk = ys.fleet(by="volatility")["volatility"].drop_nulls().to_list()
    assert risk == sorted(risk)
    assert ys.fleet(by="value", top=2)["rank"].to_list() == [1, 2]
    with pytest.raises(UsageError, match="no metric is called 'sharp_ratio'; did you mean sharpe_ratio"):
        ys.fleet(by="sharp_ratio")
    with pytest.raises(UsageError, match="it needs a benchmark"):
        ys.fleet(by="beta")


@pytest.mark.usefixtures("out")
def test_all_portfolios_are_asked_as_each_desk_is():
    """Limits, outliers and a price move of the fleet are those of each portfolio, the furthest or weakest first."""
    moved = ys.shock({"ETH": -0.25, "USDC": -0.03})
    assert moved.height == ys.portfolios().height
    assert moved["health_after"].drop_nulls().is_sorted()
    assert moved["health_after"].count() > 0
    for row in moved.filter(pl.col("reason").is_null()).iter_rows(named=True):
        own = ys.open(row["id"], week=WEEK).shock({"ETH": -0.25, "USDC": -0.03})
        assert row["after"] == pytest.approx(own.filter(row="net")["after"].item(), rel=1e-12)
        assert row["health_after"] == own.filter(row="loan")["health_after"].min()
    never = moved.row(by_predicate=pl.col("name") == "Never funded", named=True)
    assert (never["after"], never["reason"]) == (None, "nothing is held")
    for row in ys.limits_broken().iter_rows(named=True):
        drawdown = ys.open(row["name"], week=WEEK).limits().row(0, named=True)
        assert row["now"] == pytest.approx(drawdown["now"])
    assert ys.outliers()["deviations"].abs().is_sorted(descending=True)
    with pytest.raises(UsageError, match="no asset behind what is held is called 'EHT'; did you mean ETH"):
        ys.shock({"EHT": -0.25})
    with pytest.raises(UsageError, match="there is no run of 2026-W40"):
        ys.outliers(week="2026-W40")


def test_last_week_is_compared_with_its_own_run(stores, out):
    """Restated data: a closing value that the later run holds differently is a term of its own, and the sum holds."""
    frames.freeze(stores, week="2026-W46", out=out, as_of=AS_OF)
    desk = ys.open("Harbour Income", week=WEEK)
    rows = {row["term"]: row for row in desk.change_of_value().iter_rows(named=True)}
    assert rows["restated"]["amount"] == 0
    assert rows["method"]["reason"] == "no page of the week before was printed"
    terms = [
        row["amount"] for name, row in rows.items() if name not in {"before", "after"} and row["amount"] is not None
    ]
    assert rows["before"]["amount"] + sum(terms) == rows["after"]["amount"]
    page = out / "2026-W46" / f"harbour-income-{desk.id[:8]}.json"
    view = {"title": "The week in numbers", "columns": [{"name": "value"}],
            "rows": [[str(rows["before"]["amount"] - 5)]]}  # fmt: skip
    page.write_text(json.dumps({"portfolio_id": desk.id, "sections": [{"views": [view]}]}))
    again = {row["term"]: row["amount"] for row in ys.open("Harbour Income", week=WEEK).change_of_value().to_dicts()}
    assert again["method"] == 5
    assert again["before"] + sum(a for n, a in again.items() if n not in {"before", "after"}) == again["after"]
