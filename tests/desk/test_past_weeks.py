"""A past week shows that week: every verb of a desk, frozen and live, knows nothing that came after it."""

import inspect
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ys_analytics import demo, frames
from ys_analytics.desk import Desk, activity, agents, week_end
from ys_analytics.desk.sources import Frozen, Live
from ys_analytics.errors import UsageError
from ys_analytics.schemas import MONEY, TABLES, TIME, Span
from ys_analytics.views import tables

AS_OF = datetime(2026, 11, 27, tzinfo=UTC)
FIRST, LAST = "2026-W39", "2026-W47"
WEEKS = (FIRST, "2026-W40", "2026-W45", "2026-W46", LAST, "2026-W30", "2026-W48")
# The first week, the last and one after all data in `make test`; all of them in `make test-servers`.
QUICK = {FIRST, LAST, "2026-W48"}
# Of every third portfolio and of those without a history in `make test`; of all of them in `make test-servers`.
STEPS = [pytest.param(3, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]


def _asked_of(weeks):
    return [week if week in QUICK else pytest.param(week, marks=pytest.mark.servers) for week in weeks]


# A verb of every kind is asked; these are no frames of the portfolio's week.
_ASIDE = {"load", "sql", "warnings", "shock", "scenarios", "export_lots"}
# When the week ends, and when the stores were read, are no moments of the data.
_EDGES = {"end", "as_of"}


@pytest.fixture(scope="module")
def economy(stores):
    """The session's stores with nine portfolios of sixty days."""
    demo.fill(stores, portfolios=9, days=60, seed=5, replace=True)
    return stores


@pytest.fixture(scope="module")
def runs(economy, tmp_path_factory):
    """A run of each week, frozen when it is first asked for: current state in all of them is of today."""
    out = tmp_path_factory.mktemp("past")

    class Runs(dict):
        def __missing__(self, week):
            self[week] = frames.freeze(economy, week=week, out=out, as_of=AS_OF)
            return self[week]

    return Runs()


def owners(run, step=1):
    """Ids of portfolios that were open before the end of the week: every so many-th, and those without a history."""
    known = run.frame("portfolios").filter(pl.col("created_at") < Span.week(run.week).end).with_row_index("place")
    return known.filter(
        (pl.col("place") % step == 0) | pl.col("name").is_in(["Never funded", "Opened yesterday"])
    )["id"]  # fmt: skip


def frames_of(desk):
    """Every frame that a verb of the desk gives, by the verb's name."""
    for name, _ in inspect.getmembers(type(desk)):
        if name.startswith("_") or name in _ASIDE:
            continue
        given = getattr(desk, name)
        found = given() if callable(given) else given
        if isinstance(found, pl.DataFrame):
            yield name, found


def latest(frame):
    """The last moment in each column of days or times, but for the edges of the week."""
    for name, dtype in frame.schema.items():
        if dtype.is_temporal() and dtype != pl.Duration and name not in _EDGES:
            found = frame[name].max()
            if found is not None:
                yield (
                    name,
                    found if isinstance(found, datetime) else datetime(found.year, found.month, found.day, tzinfo=UTC),
                )


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("week", _asked_of(WEEKS))
def test_no_verb_shows_what_came_after_the_week(runs, settings, week, step):
    """Every public verb is asked of every portfolio; no day and no moment in its frame is at or after the end."""
    end, seen = Span.week(week).end, set()
    for owner in owners(runs[week], step):
        desk = Desk(source=Frozen(runs[week]), portfolio_id=owner, week=week, settings=settings)
        for verb, frame in frames_of(desk):
            seen.add(verb)
            late = {name: moment for name, moment in latest(frame) if moment >= end}
            assert not late, f"{week} {verb}: {late}"
    if week >= FIRST:
        assert {"positions", "shocks", "pools", "alerts", "satellites", "daily_returns", "headline", "sources"} <= seen
        assert len(seen) >= 38


@pytest.mark.parametrize("week", _asked_of(week for week in WEEKS if FIRST <= week <= LAST))
def test_holdings_of_a_past_week_are_worth_its_closing_value(runs, settings, week):
    """To the last decimal, for every portfolio, in the first week as in the last."""
    proved = 0
    for owner in owners(runs[week]):
        desk = Desk(source=Frozen(runs[week]), portfolio_id=owner, week=week, settings=settings)
        held, closes = desk.positions(), desk.daily_values()
        assert desk.unknown == ""
        assert held["value"].sum() == (closes["value"][-1] if closes.height else 0)
        assert desk.headline()["value"].item() == (held["value"].sum() if closes.height else None)
        if held.height:
            assert held["share"].sum() == pytest.approx(1)
            assert held["quantity"].min() > 0
            assert held.filter(pl.col("protocol") == "").is_empty()
            proved += 1
        shocks, whole = desk.shocks(), held["value"].sum()
        if shocks.height:
            assert shocks["before"].unique().to_list() == [pytest.approx(float(whole), rel=1e-12)]
    assert proved >= 6


def test_a_past_week_is_not_today(runs, settings):
    """The same portfolio holds something else in another week, and a position bought later is not there yet."""
    desks = [
        Desk(source=Frozen(runs[week]), portfolio_id="Harbour Income", week=week, settings=settings)
        for week in (FIRST, "2026-W45", LAST)
    ]
    first, middle, last = (desk.positions().select("symbol", "kind", "quantity") for desk in desks)
    assert not middle.equals(last)
    assert first.height < last.height
    assert [desk._holdings.origin for desk in desks] == ["ledger", "ledger", "platform"]


def test_the_ledger_gives_the_platforms_own_rows(runs, settings):
    """Where both speak of the same week they agree: quantity, value, place and average price paid."""
    compared = 0
    for owner in owners(runs[LAST]):
        desk = Desk(source=Frozen(runs[LAST]), portfolio_id=owner, week=LAST, settings=settings)
        listed = desk.load("portfolio_positions")
        if listed.is_empty():
            continue
        known = {
            "snapshots": desk.load("portfolio_snapshots"), "quotes": desk._quotes, "assets": desk._assets,
            "transactions": desk._transactions, "span": desk.span,
            "contracts": lambda desk=desk: week_end.contracts(
                desk.source.rows("portfolio_positions"), desk._protocols
            ),
        }  # fmt: skip
        key = ["asset_id", "position_type"]
        ours = week_end.holdings(listed.clear(), desk._legs, **known)
        theirs = week_end.holdings(listed, desk._legs, **known)
        assert (ours.origin, theirs.origin) == ("ledger", "platform")
        sums = (
            frame.rows.group_by(key).agg(pl.col("quantity", "current_value").sum()).sort(key)
            for frame in (ours, theirs)
        )
        assert next(sums).equals(next(sums))
        joined = ours.rows.join(theirs.rows, on=key, how="inner")
        single = joined.filter(pl.len().over(key) == 1)
        assert single.filter(
            pl.col("protocol_address").is_not_null() & (pl.col("protocol_address") != pl.col("protocol_address_right"))
        ).is_empty()
        compared += single.height
    assert compared > 20


def test_a_live_desk_of_a_past_week_says_the_same(runs, settings, analyst):  # noqa: ARG001 - the analyst's role
    """Reading the stores as one goes gives the frames of the run, and nothing later either."""
    week = "2026-W45"
    span = Span.until(Span.week(week).end)
    live, frozen = (
        Desk(source=source, portfolio_id="Harbour Income", week=week, settings=settings)
        for source in (Live(settings, span), Frozen(runs[week]))
    )
    for verb in ("positions", "allocation", "pools", "shocks", "concentration", "contributions", "alerts",
                 "liquidation_history", "realised_yields", "bridge", "satellites"):  # fmt: skip
        assert_frame_equal(getattr(live, verb)(), getattr(frozen, verb)(), rel_tol=1e-12)
    for verb, frame in frames_of(live):
        late = {name: moment for name, moment in latest(frame) if moment >= span.end}
        assert not late, f"{verb}: {late}"


def test_weeks_without_data_say_so(runs, settings):
    """Before anything the portfolio is refused; after the last data what is held is unknown, and the page says why."""
    early, late = (
        Desk(source=Frozen(runs[week]), portfolio_id="Harbour Income", week=week, settings=settings)
        for week in ("2026-W30", "2026-W48")
    )
    with pytest.raises(UsageError, match=r"'Harbour Income' was opened on .*, after 2026-W30 ended"):
        early.positions()
    assert late.positions().is_empty()
    assert late.unknown == "nothing is stored of the week: the last price or value is of 2026-11-22 23:59 UTC"
    shown = tables.positions(late.positions()).unless(late.unknown)
    assert shown.alt == f"Not known: {late.unknown}."
    first = Desk(source=Frozen(runs[FIRST]), portfolio_id="Never funded", week=FIRST, settings=settings)
    shown = tables.positions(first.positions()).unless(first.unknown)
    assert shown.alt == "The portfolio holds nothing and owes nothing."


# Holdings by hand: one asset bought at 100 and 200, half sold, worth 150 at the end of the week.

SPAN = Span.week("2026-W46")
ETH, USD = "0192f0c1-0000-7000-8000-000000000001", "0192f0c1-0000-7000-8000-000000000002"
ASSETS = pl.DataFrame(
    {"id": [ETH, USD], "symbol": ["ETH", "USDC"], "chain_id": [1, 1], "metadata": ["{}", "{}"]},
    schema_overrides={"chain_id": pl.Int32},
)
SUNDAY = datetime(2026, 11, 15, 23, tzinfo=UTC)


def legs(*moves):
    """Movements: days before the end of the week, asset, change."""
    return pl.DataFrame(
        [
            {"timestamp": SPAN.end - timedelta(days=days), "asset_id": asset, "position": position, "protocol": None,
             "cause": "trade", "change": Decimal(change), "paid": None}
            for days, asset, position, change in moves
        ],
        schema={"timestamp": TIME, "asset_id": pl.String, "position": pl.String, "protocol": pl.String,
                "cause": pl.String, "change": MONEY, "paid": MONEY},
    )  # fmt: skip


def quotes(*prices):
    """Prices of ETH: days before the end of the week, price."""
    return pl.DataFrame(
        [{"asset_id": ETH, "timestamp": SPAN.end - timedelta(days=days, minutes=1), "price": Decimal(price)}
         for days, price in prices],
        schema={"asset_id": pl.String, "timestamp": TIME, "price": MONEY},
    )  # fmt: skip


def held(moved, prices, total, listed=None):
    """The holdings of one portfolio whose last snapshot, on Sunday, says `total`."""
    snapshots = pl.DataFrame(
        [{"portfolio_id": "p", "timestamp": SUNDAY, "total_value": Decimal(total)}] if total is not None else [],
        schema={"portfolio_id": pl.String, "timestamp": TIME, "total_value": MONEY},
    )
    done = pl.DataFrame(schema={**TABLES["transactions"].schema, "flow": pl.String, "gas": MONEY, "rule": pl.String,
                                "gas_amount": MONEY, "gas_asset_id": pl.String})  # fmt: skip
    nothing = pl.DataFrame(schema=TABLES["portfolio_positions"].schema)
    return week_end.holdings(
        nothing if listed is None else listed,
        moved,
        snapshots=snapshots,
        quotes=prices,
        assets=ASSETS,
        transactions=done,
        contracts=lambda: week_end.contracts(
            nothing, pl.DataFrame(schema=dict.fromkeys(("protocol_address", "protocol"), pl.String))
        ),
        span=SPAN,
    )


BOUGHT = legs((20, ETH, "spot", "1"), (10, ETH, "spot", "1"), (5, ETH, "spot", "-1"), (-1, ETH, "spot", "7"))
PRICES = quotes((20, "100"), (10, "200"), (5, "250"), (0.5, "150"), (-2, "999"))


def test_a_holding_is_the_sum_of_what_moved_at_the_last_price_before_the_end():
    """Two bought at 100 and 200, one sold, seven more bought after the week: one at 150, paid 150 on average."""
    found = held(BOUGHT, PRICES, "150")
    (row,) = found.rows.iter_rows(named=True)
    assert (found.origin, found.reason) == ("ledger", "")
    assert (row["quantity"], row["current_value"], row["average_cost"]) == (1, 150, 150)
    assert (row["position_type"], row["chain_id"], row["last_updated"] < SPAN.end) == ("spot", 1, True)


@pytest.mark.parametrize(
    ("moved", "prices", "total", "said"),
    [
        (BOUGHT, PRICES, "160", "its transactions account for 150.00 of the 160.00 USD"),
        (BOUGHT, quotes((20, "100"), (10, "200"), (5, "250"), (2, "150")), "150", "no price within 24 hours"),
        (legs((20, ETH, "spot", "1"), (5, ETH, "spot", "-2")), PRICES, "-150", "take out more ETH than they bring in"),
        (BOUGHT, PRICES, None, "no value is stored before the end of the week"),
        (legs((20, USD, "spot", "150")), PRICES, "150", "no price within 24 hours of the last value of the week for U"),
    ],
)  # fmt: skip
def test_holdings_that_cannot_be_proved_are_refused(moved, prices, total, said):
    """The reason names what does not add up, and no row is given."""
    found = held(moved, prices, total)
    assert found.rows.is_empty()
    assert found.origin == "unknown"
    assert said in found.reason


def listed(quantity, updated):
    """The platform's one row: so many ETH in a wallet."""
    row = {
        "id": "i", "portfolio_id": "p", "asset_id": ETH, "quantity": Decimal(quantity), "average_cost": Decimal(140),
        "current_value": Decimal(quantity) * 150, "allocation_percentage": Decimal(1), "position_type": "spot",
        "protocol_address": None, "chain_id": 1, "last_updated": updated,
    }  # fmt: skip
    return pl.DataFrame([row], schema=TABLES["portfolio_positions"].schema)


def test_the_platforms_rows_are_used_only_where_they_are_of_the_week():
    """Not when valued after its end, nor when they are not worth what the week closed at."""
    then, later = SUNDAY, SPAN.end + timedelta(hours=1)
    assert held(BOUGHT, PRICES, "150", listed("1", then)).rows["average_cost"].to_list() == [140]
    assert held(BOUGHT, PRICES, "150", listed("1", later)).origin == "ledger"
    assert held(BOUGHT, PRICES, "150", listed("2", then)).origin == "ledger"
    # Balances the ledger does not know, as of a portfolio whose history begins in the middle.
    assert held(BOUGHT.clear(), PRICES, "150", listed("1", then)).origin == "platform"
    assert held(BOUGHT.clear(), PRICES, "150", listed("2", then)).origin == "unknown"


def test_an_alert_resolved_after_the_week_was_open_in_it():
    """What was done about it later is not there yet: neither seen nor resolved."""
    later = SPAN.end + timedelta(days=1)
    row = dict.fromkeys(TABLES["risk_alerts"].schema) | {
        "id": "a", "created_at": SPAN.start, "resolved_at": later, "acknowledged_at": later, "is_acknowledged": True,
        "acknowledged_by": "u", "severity": "high", "alert_type": "protocol_risk", "message": "m",
    }  # fmt: skip
    raised = pl.DataFrame([row], schema=TABLES["risk_alerts"].schema)
    for found in (activity.alerts(raised, span=SPAN), activity.recent_alerts(raised, span=SPAN)):
        columns = ("resolved_at", "acknowledged_at", "is_acknowledged", "acknowledged_by")
        assert found.select(columns).rows() == [(None, None, False, None)]
    after = Span.week("2026-W47")
    assert activity.alerts(raised, span=after).is_empty()
    assert activity.recent_alerts(raised, span=after)["resolved_at"].to_list() == [later]


def test_a_satellites_health_of_today_is_not_of_a_past_week(runs):
    """A check after the week says nothing of it, nor does a task that ended later count as done."""
    names = ("satellite_agents", "agent_tasks", "satellite_performance", "redis_agent_health")
    source = [runs[LAST].frame(name) for name in names]
    now, then = (agents.satellites(*source, span=Span.week(week)) for week in (LAST, "2026-W46"))
    assert now["health"].null_count() == 0
    assert then["health"].null_count() == then.height
    assert set(then["unchecked"]) == {"asked only after the week"}


def test_no_portfolio_is_chosen_that_was_not_open_yet(runs, settings):
    """Left to itself, a desk of a week before anybody opened one says that there was none."""
    desk = Desk(source=Frozen(runs["2026-W30"]), portfolio_id="", week="2026-W30", settings=settings)
    with pytest.raises(UsageError, match="no portfolio was open before the end of 2026-W30"):
        desk.portfolio()


def test_a_portfolio_without_a_place_in_the_ledger_is_placed_by_its_protocol(runs, settings):
    """Nothing lent, staked or pooled in a past week is shown in a wallet."""
    desk = Desk(source=Frozen(runs["2026-W45"]), portfolio_id="Harbour Income", week="2026-W45", settings=settings)
    away = desk.positions().filter(pl.col("kind") != "spot")
    assert away.height >= 4
    assert away.filter(pl.col("place").str.contains("wallet")).is_empty()
    assert desk.pools()["value"].null_count() < desk.pools().height
    assert json.loads(away.select("symbol").write_json())
    assert date(2026, 11, 8) >= desk.yields()["day"].max()
