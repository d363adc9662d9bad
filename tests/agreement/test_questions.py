"""The questions of `twenty_questions.ipynb`: each is answered in at most three lines, and rightly.

Each answer is computed again by the plain implementation next to this file, or by plain loops over the frozen rows.
"""

import ast
import json
import math
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import fmean, linear_regression, stdev

import polars as pl
import pytest

from . import pages_yields, plain_ledger, plain_lookthrough
from .plain_ledger import said
from .plain_metrics import metric
from .plain_returns import linked
from .plain_run import Report

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "explore" / "twenty_questions.ipynb"
WEEK = "2026-W47"
START = datetime.min.replace(tzinfo=UTC)


def questions(path):
    """The cells of code under each numbered heading, and those above the first."""
    found, number = {0: []}, 0
    for cell in json.loads(path.read_text())["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            head = re.match(r"## (\d+)\.", text)
            number = int(head[1]) if head else number
            found.setdefault(number, [])
        else:
            found[number].append(text)
    return found


QUESTIONS = questions(NOTEBOOK)
OTHERS = sorted({*NOTEBOOK.parent.glob("*.ipynb"), *NOTEBOOK.parent.parent.glob("templates/*.ipynb")} - {NOTEBOOK})


class Notebook:
    """A notebook on a frozen week: what each cell shows, and the names it leaves."""

    def __init__(self, folder, questions):
        """Run all cells in order."""
        self.names, self.shown = {}, {}
        for number, cells in questions.items():
            for cell in cells:
                self.shown.setdefault(number, []).append(self._shown_by(cell))
                if "portfolio_id: str" in cell:
                    self.names["run"] = str(folder)

    def _shown_by(self, cell):
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), self.names)  # noqa: S102 - our own notebook
        return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), self.names)  # noqa: S307

    def __call__(self, number, place=0):
        """What a question's cell shows."""
        return self.shown[number][place]


@pytest.fixture(scope="module")
def folder(pages):
    """The frozen week."""
    return pages[WEEK].run.folder


@pytest.fixture(scope="module")
def reports(pages):
    """Each portfolio's week by the plain implementation, by name."""
    return {one["name"]: Report(pages[WEEK].run, one) for one in pages[WEEK].portfolios}


@pytest.fixture(scope="module")
def alder(reports):
    """The portfolio of the notebook."""
    return reports["Alder Reserve"]


@pytest.fixture(scope="module")
def answer(folder, tmp_path_factory):
    """The notebook, run once in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("questions"))
        yield Notebook(folder, QUESTIONS)


def row(frame, /, **where):
    """The one row of a frame that is so."""
    return frame.row(by_predicate=pl.all_horizontal(pl.col(name) == value for name, value in where.items()), named=True)


def test_each_question_takes_three_lines():
    """Twenty-four questions, and no answer longer than three lines."""
    assert list(QUESTIONS) == list(range(25))
    lines = {number: len("\n".join(cells).splitlines()) for number, cells in QUESTIONS.items() if number}
    assert {number: count for number, count in lines.items() if count > 3} == {}


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_every_cell_of_the_other_notebooks_shows_something(path, folder, tmp_path, monkeypatch):
    """Each runs to its end, and each cell below the opening shows a frame with rows, a view, or the desk itself."""
    monkeypatch.chdir(tmp_path)
    shown = Notebook(folder, questions(path)).shown[0][2:]
    assert shown
    for one in shown:
        assert one.height if isinstance(one, pl.DataFrame) else one is not None


def test_1_worth_week_and_since(answer, alder):
    """Value, gain and both returns."""
    shown = answer(1).row(0, named=True)
    days = [day for day in alder.daily if alder.inside_day(day.day)]
    assert shown["value"] == alder.closes[-1].value
    assert shown["gain"] == sum(day.gain for day in days)
    assert shown["week_return"] == pytest.approx(linked(day.ret for day in days))
    assert shown["since_return"] == pytest.approx(linked(one.ret for one in alder.known))


def test_2_risk_in_one_table(answer, alder):
    """Each by its plain definition; a week has no volatility, and says why."""
    titles = {"Volatility": "volatility", "Sharpe ratio": "sharpe_ratio", "Sortino ratio": "sortino_ratio",
              "Maximum drawdown": "max_drawdown", "Value at risk 95 %, one day, historical": "value_at_risk",
              "Expected shortfall 95 %, one day, historical": "expected_shortfall"}  # fmt: skip
    for title, name in titles.items():
        assert row(answer(2), title=title)["since"] == pytest.approx(metric(name, alder.known))
    assert answer(2).height == 12
    assert row(answer(2), title="Volatility")["week_reason"] == "needs 30 days, has 7"


@pytest.mark.parametrize("symbol", ["BTC", "ETH"])
def test_3_against_a_coin(answer, alder, symbol):
    """Beta is the slope on the coin's daily returns, tracking error the deviation of the difference."""
    coins = [asset["id"] for asset in alder.assets if asset["symbol"] == symbol]
    coin = max(coins, key=lambda one: len(alder.market.days(one)))
    closes = alder.market.days(coin)
    theirs = {day: float(price / before) - 1 for (_, before), (day, price) in pairwise(closes)}
    pairs = [(one.ret, theirs[one.day]) for one in alder.alone if one.day in theirs]
    slope = linear_regression([their for _, their in pairs], [own for own, _ in pairs]).slope
    error = stdev(own - their for own, their in pairs) * math.sqrt(365)
    shown = answer(3).filter(pl.col("name") == symbol)
    assert row(shown, title="Beta")["since"] == pytest.approx(slope)
    assert row(shown, title="Tracking error")["since"] == pytest.approx(error)


def test_4_the_asset_that_made_the_week(answer, alder):
    """Parts and flows add up to the change in value; a coin that only lay there gained what its price did."""
    shown = answer(4)
    total = alder.closes[-1].value - [one for one in alder.closes if one.at < alder.monday][-1].value
    assert shown.filter(pl.col("row") != "change")["gain"].sum() == pytest.approx(total, abs=Decimal("0.01"))
    assert row(shown, row="change")["gain"] == total
    lying = [one for one in alder.holdings.positions if one.symbol == "LINK"]
    moved = [leg for leg in alder.legs if leg.asset == lying[0].asset and alder.inside(leg.at)]
    assert moved == []
    before, after = (alder.market.at(lying[0].asset, at) for at in (alder.monday, alder.end))
    made = sum(one.quantity for one in lying) * (after - before)
    assert row(shown, name="LINK")["gain"] == pytest.approx(made, abs=Decimal("0.01"))


def test_5_protocols_and_chains_share_the_same_gain(answer):
    """Whichever way it is divided, the parts have the assets' sum."""
    parts = answer(4).filter(pl.col("row") == "part")["gain"].sum()
    assert answer(5)["gain"].sum() == pytest.approx(2 * parts, abs=Decimal("0.01"))
    assert {"lido", "aave-v3", "Ethereum"} <= set(answer(5)["name"])


def test_6_satellites_and_their_claims(answer, alder):
    """Their gains are all there is but flows; each claim is the one in the strategy's row."""
    flows = sum(amount for _, amount, _ in alder.flows)
    made = alder.closes[-1].value - flows
    assert answer(6)["gain"].sum() == pytest.approx(made, abs=Decimal("0.01"))
    claims = {one["name"]: json.loads(one["performance_metrics"] or "{}") for one in alder.mine("trading_strategies")}
    assert dict(answer(6, 1).select("name", "claimed_apy").iter_rows()) == {
        name: claim.get("realised_apy") for name, claim in claims.items()
    }


def test_7_quoted_and_realised(answer, alder):
    """As the plain page has it, row for row."""
    kinds = "lp_token|staked|lending|borrowing|spot"
    plain = {re.sub(f" ({kinds}) ", " ", one["label"]): one for one in pages_yields.realised(alder, None).rows}
    assert answer(7).height == len(plain) > 0
    for one in answer(7).iter_rows(named=True):
        for name in ("quoted_apy", "realised_apy"):
            assert one[name] == pytest.approx(plain[f"{one['symbol']} {one['place']}"][name])


def test_8_pools_of_the_market(answer, alder):
    """The last quote of each pool, by a loop."""
    last = {}
    for quote in sorted(alder.run.rows("yield_metrics"), key=lambda quote: quote["timestamp"]):
        if quote["timestamp"] < alder.end:
            last[quote["pool_address"]] = quote
    good = [q for q in last.values() if q["tvl"] > 10_000_000 and q["impermanent_loss_risk"] < Decimal("0.05")]
    best = sorted((quote["apy"] for quote in good), reverse=True)[:10]
    assert answer(8)["apy"].to_list() == best


def test_9_how_near_is_liquidation(answer, alder):
    """The platform's last distance of each portfolio; the loan's health from collateral, thresholds and debt."""
    last = {}
    for one in sorted(alder.run.rows("risk_metrics"), key=lambda one: one["timestamp"]):
        if one["timestamp"] < alder.end:
            last[one["portfolio_id"]] = one["liquidation_distance"]
    assert dict(answer(9).iter_rows()) == last
    thresholds = {asset["id"]: said(asset).get("liquidation_threshold") for asset in alder.assets}
    held = [one for one in alder.holdings.positions if one.protocol == "aave-v3"]
    debt = sum(-float(one.value) for one in held if one.kind == "borrowing")
    safe = [(one, float(one.value) * float(thresholds[one.asset])) for one in held if one.kind != "borrowing"]
    (shown,) = answer(9, 1).iter_rows(named=True)
    assert shown["health_factor"] == pytest.approx(sum(worth for _, worth in safe) / abs(debt))
    # What is not ETH secures a part of the debt; ETH liquidates the loan where it is worth less than the rest.
    apart = sum(worth for one, worth in safe if "ETH" not in one.symbol)
    ether = sum(worth for one, worth in safe if "ETH" in one.symbol)
    if apart >= abs(debt):
        assert shown["liquidation_price"] is None
    else:
        assert shown["liquidation_price"] == pytest.approx(float(shown["price"]) * (abs(debt) - apart) / ether)


def test_10_flows_of_the_month(answer, reports):
    """Every portfolio's external flows of November, in USD."""
    amounts = [amount for one in reports.values() for at, amount, _ in one.flows if at.month == 11 and at.year == 2026]
    (shown,) = answer(10).iter_rows(named=True)
    assert (shown["month"].date(), shown["len"]) == (date(2026, 11, 1), len(amounts))
    assert shown["amount"] == sum(amount for amount in amounts if amount is not None)


def test_11_gas(answer, alder):
    """By status, of the week and of all time."""
    spent = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for transaction in alder.transactions:
        if plain_ledger.pays(transaction):
            usd = plain_ledger.gas_of(transaction, alder.assets, alder.market).usd or Decimal(0)
            spent[transaction["status"]][1] += usd
            spent[transaction["status"]][0] += usd if alder.inside(transaction["timestamp"]) else 0
    shown = {one["what"]: [one["week_cost"], one["since_cost"]] for one in answer(11).iter_rows(named=True)}
    assert set(shown) == {status for status, costs in spent.items() if costs[1]}
    assert all(costs == pytest.approx(spent[status]) for status, costs in shown.items())


def test_12_failures_of_satellites(answer, alder):
    """Tasks of the week that failed, counted by agent."""
    names = {one["id"]: one["name"] for one in alder.run.rows("satellite_agents")}
    tasks = [one for one in alder.run.rows("agent_tasks") if alder.inside(one["created_at"])]
    failed = Counter(names[one["agent_id"]] for one in tasks if one["status"] == "failed")
    assert {name: n for name, n in answer(12).select("name", "failed").iter_rows() if n} == failed
    assert answer(12)["failed"].to_list() == sorted(answer(12)["failed"].to_list(), reverse=True)


def test_13_open_alerts(answer, alder):
    """Every alert raised by the week's end and not resolved, with its age."""
    raised = [one for one in alder.run.rows("risk_alerts") if one["created_at"] < alder.end and not one["resolved_at"]]
    assert sorted(answer(13)["age"]) == sorted(alder.end - one["created_at"] for one in raised)
    assert Counter(answer(13)["severity"]) == Counter(one["severity"] for one in raised)


def test_14_freshness(answer, alder):
    """The age of snapshots is that of the newest row of the run."""
    newest = max(one["timestamp"] for one in alder.run.rows("portfolio_snapshots"))
    shown = row(answer(14), frame="portfolio_snapshots")
    assert shown["latest"] == newest
    assert timedelta() < shown["age"]


def test_15_sentiment(answer, alder):
    """Mean score of the week's mentions of each asset held, and of the week before."""
    for start, count, score in ((alder.monday, "mentions", "score"),
                                (alder.monday - timedelta(days=7), "mentions_before", "before")):  # fmt: skip
        for one in answer(15).iter_rows(named=True):
            scores = [
                text["sentiment_score"]
                for text in alder.run.rows("market_sentiment")
                if start <= text["timestamp"] < start + timedelta(days=7) and one["symbol"] in text["asset_mentioned"]
            ]
            assert one[count] == len(scores)
            assert one[score] == (pytest.approx(fmean(scores)) if scores else None)


def test_16_patterns_alike(answer, folder):
    """The cosine of each vector with the last one, by hand; the most alike is the pattern itself, which is left out."""
    vectors = pl.read_parquet(folder / "frames" / "trading_patterns.parquet")["vector"].to_list()
    last = vectors[-1]
    sizes = [math.sqrt(sum(x * x for x in one)) for one in vectors]
    products = [sum(x * y for x, y in zip(one, last, strict=True)) for one in vectors]
    scores = sorted((p / size / sizes[-1] for p, size in zip(products, sizes, strict=True)), reverse=True)
    assert answer(16)["score"].to_list() == pytest.approx(scores[1:7], abs=1e-5)
    assert scores[0] == pytest.approx(1)


def test_17_one_query_over_three_stores(answer, alder):
    """The last quote in ClickHouse and the cached price in Redis of each symbol in PostgreSQL."""
    cached = defaultdict(set)
    for one in alder.run.rows("redis_price_current"):
        cached[alder.symbols[one["asset_id"]]].add(one["price"])
    assert set(answer(17)["symbol"]) == set(cached)
    last = defaultdict(set)
    for key, symbol in alder.symbols.items():
        last[symbol].add(alder.market.at(key, alder.end, oldest=None))
    for symbol, quoted, price in answer(17).iter_rows():
        assert price in cached[symbol]
        assert quoted in last[symbol]


def test_18_two_side_by_side(answer, reports):
    """Each one's total return and volatility, in its own column."""
    for name in ("Alder Reserve", "Harbour Income"):
        since = answer(18).filter(pl.col("window") != "the week")
        assert row(since, metric="total_return")[name] == pytest.approx(metric("total_return", reports[name].known))
        assert row(since, metric="volatility")[name] == pytest.approx(metric("volatility", reports[name].known))


def test_19_the_fleet_by_sharpe(answer, reports):
    """Every portfolio is there, the best first, and those without a ratio last with the reason."""
    shown = answer(19)
    assert set(shown["name"]) == set(reports)
    ranked = shown.filter(pl.col("rank").is_not_null())
    for name, ratio in ranked.select("name", "sharpe_ratio").iter_rows():
        assert ratio == pytest.approx(metric("sharpe_ratio", reports[name].known))
    assert ranked["sharpe_ratio"].to_list() == sorted(ranked["sharpe_ratio"], reverse=True)
    assert shown.filter(pl.col("rank").is_null())["reason"].null_count() == 0


def test_20_eth_falls(answer, alder):
    """Each position revalued through what it stands for, and summed."""
    prices = plain_lookthrough.last_prices(alder.assets, alder.market, alder.end)
    registry = plain_lookthrough.Registry(alder.assets, prices)
    moves = {one: -0.3 for one in alder.symbols if registry.coin(one) in ("ethereum", "ETH")}
    after = sum(float(one.value) * registry.growth(one.asset, moves) for one in alder.holdings.positions)
    assert row(answer(20), row="net")["after"] == pytest.approx(after, rel=1e-6)


def test_21_lots_of_the_year(answer, alder):
    """Each disposal is of 2026, its gain what it brought less its cost, its quantity what the ledger says left."""
    shown = answer(21)
    assert {at.year for at in shown["disposed"]} == {2026}
    for one in shown.filter(pl.col("gain").is_not_null()).iter_rows(named=True):
        assert one["gain"] == pytest.approx(one["proceeds"] - one["cost"], abs=Decimal("0.01"))
    left = defaultdict(Decimal)
    for transaction in alder.transactions:
        if (
            transaction["transaction_type"] == "swap"
            and transaction["status"] == "confirmed"
            and transaction["timestamp"].year == 2026
        ):
            left[transaction["transaction_hash"]] += transaction["from_amount"]
    sold = shown.filter(pl.col("kind") == "sale").group_by("transaction_hash").agg(pl.col("quantity").sum())
    assert sold.height > 0
    assert all(left[key] == pytest.approx(quantity) for key, quantity in sold.iter_rows())


def test_22_what_changed(answer, alder):
    """Total return and volatility as they stood a week ago, and now."""
    then = [one for one in alder.known if one.day < alder.first]
    for name, title in (("total_return", "Total return"), ("volatility", "Volatility")):
        shown = row(answer(22), name=title)
        assert shown["before"] == pytest.approx(metric(name, then))
        assert shown["now"] == pytest.approx(metric(name, alder.known))


def test_23_drift_from_target(answer, alder):
    """Weight by symbol less the owner's target."""
    wanted = {symbol: float(weight) for symbol, weight in json.loads(alder.portfolio["target_allocation"]).items()}
    worth = defaultdict(Decimal)
    for one in alder.holdings.positions:
        worth[one.symbol] += one.value
    total = sum(worth.values())
    for one in answer(23).iter_rows(named=True):
        weight = float(worth[one["symbol"]] / total)
        assert one["weight"] == pytest.approx(weight)
        assert one["drift"] == pytest.approx(weight - wanted.get(one["symbol"], 0.0))


def test_24_a_spreadsheet(answer, alder, tmp_path):
    """The file holds every position with its value."""
    answer.names["positions"].write_excel(tmp_path / "positions.xlsx")
    read = pl.read_excel(tmp_path / "positions.xlsx")
    assert read["symbol"].to_list() == answer(24)["symbol"].to_list()
    assert sorted(read["current_value"]) == pytest.approx(sorted(float(one.value) for one in alder.holdings.positions))
