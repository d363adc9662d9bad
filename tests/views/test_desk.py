"""What a desk gives: joined, exact frames of one portfolio, and a reason where there is none."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics.desk import Desk
from ys_analytics.desk.choices import argument
from ys_analytics.errors import UsageError
from ys_analytics.settings import Settings
from ys_analytics.views.calls import shown


def test_the_week_has_seven_days_even_without_snapshots(desk_of):
    """A day without data is a row with a reason, never a zero."""
    days = desk_of("empty").week_days()
    assert days["day"].to_list() == [date(2026, 11, day) for day in range(16, 23)]
    assert days["ret"].null_count() == 7
    assert set(days["reason"]) == {"the portfolio had no snapshot yet"}


def test_a_deposit_is_no_gain(desk_of):
    """The day 20,000 came in returned what the assets did, not a third of the portfolio."""
    returns = desk_of("owned").daily_returns
    day = returns.row(by_predicate=pl.col("day") == date(2026, 9, 1), named=True)
    assert day["flow"] == pytest.approx(Decimal(20_000), abs=20)
    assert abs(day["ret"]) < 0.2


def test_growth_links_the_days(desk_of):
    """The last growth is the total return since inception."""
    desk = desk_of("owned")
    total = desk.performance().row(by_predicate=pl.col("metric") == "total_return", named=True)
    assert desk.daily_returns["growth"][-1] == pytest.approx(total["since"], rel=1e-12)


def test_positions_add_up_to_net_value_in_every_view(desk_of):
    """By asset, kind, protocol and chain the parts make the same whole, to the last digit."""
    desk = desk_of("owned")
    whole = desk.positions()["value"].sum()
    parts = desk.allocation().group_by("view").agg(pl.col("value").sum())
    assert set(parts["value"]) == {whole}
    assert parts.height == 4


def test_two_assets_of_one_symbol_on_one_chain_are_two(desk_of, frames):
    """A native dollar coin and a bridged one share a ticker and nothing else."""
    named = frames["assets"].with_columns(
        symbol=pl.when(pl.col("symbol") == "ETH-USDC-LP").then(pl.lit("USDC")).otherwise("symbol")
    )
    kinds = desk_of("owned", assets=named).allocation().filter(view="asset")["name"].to_list()
    assert len(kinds) == 4
    assert sum(name.startswith("USDC (") for name in kinds) == 2


def test_what_cannot_be_looked_through_is_on_the_page(desk_of):
    """The economy's pool share says nothing of its pool: each view of risk names it."""
    desk = desk_of("owned")
    views = (
        ys.tables.shocks(desk.shocks()),
        ys.tables.concentration(desk.concentration()),
        ys.tables.contributions(desk.contributions()),
    )
    for view in views:
        page = view.to_html()
        assert "Not looked through" in page
        assert "ETH-USDC-LP: its metadata does not say what is in the pool" in page


def test_gas_is_paid_in_the_chains_own_token(desk_of):
    """150,000 gas at 12 gwei is 0.0018 ETH at that day's last price, exactly."""
    desk = desk_of("owned")
    swap = desk.transactions().row(0, named=True)
    close = desk.load("market_data").filter(
        (pl.col("asset_id") == "00000000-0000-0000-0000-00000000000c")
        & (pl.col("timestamp").dt.date() == date(2026, 11, 17))
    )
    assert swap["gas"] == Decimal("0.0018") * close["price"][0]
    costs = desk.gas()
    assert costs["week_transactions"].sum() == 4
    assert costs.row(by_predicate=pl.col("what") == "failed", named=True)["week_transactions"] == 1


def test_lots_say_what_was_realised_and_what_left_without_having_come(desk_of):
    """Bitcoin paid in is still there; of 20,000 dollars paid in, 3,000 were sold and 1,500 withdrawn, for no gain."""
    desk = desk_of("owned")
    held = desk.lots()
    dollars = held.filter(pl.col("symbol") == "USDC")
    assert dict(dollars.select("kind", "quantity").rows()) == {"sale": 3_000, "transfer": 1_500, "open": 15_500}
    assert abs(desk.gains().row(by_predicate=pl.col("symbol") == "USDC", named=True)["realised"]) < 5
    assert held.filter((pl.col("symbol") == "ETH") & pl.col("unmatched"))["gain"].null_count() > 0
    assert desk.gains(year=2025)["realised"].sum() == 0


def test_flows_say_which_rule_found_them(desk_of):
    """Every transaction is decided by one rule, and the counts are of all of them."""
    desk = desk_of("owned")
    audit = desk.flow_audit()
    assert audit["since"].sum() == desk.load("transactions").height
    assert audit["share"].sum() == pytest.approx(1.0)
    assert desk.flows(week=True)["rule"].to_list() == ["deposit or withdraw without a protocol"]


def test_claims_stand_next_to_our_numbers(desk_of):
    """Both are shown with their difference and with what explains it."""
    claims = desk_of("owned").claims()
    volatility = claims.row(by_predicate=pl.col("title") == "Volatility", named=True)
    assert volatility["stored"] == 0.41
    assert abs(volatility["difference"]) == pytest.approx(abs(0.41 - volatility["ours"]))
    assert volatility["verdict"].split(":")[0] in {"agrees", "method", "data", "neither"}
    assert claims.height == 6


def test_sentiment_is_of_the_week_and_the_one_before(desk_of):
    """A mention counts in the week it was made in, and only for an asset that is held."""
    desk = desk_of("owned")
    mood = desk.sentiment()
    points = desk.load("market_sentiment").filter(pl.col("timestamp") >= datetime(2026, 11, 16, tzinfo=UTC))
    assert mood["mentions"].sum() == points.height
    assert set(mood["symbol"]) <= {"BTC", "ETH", "USDC", "ETH-USDC-LP"}


def test_alerts_of_the_week_and_open_ones(desk_of):
    """What was resolved before the week is history; what is open is not."""
    raised = desk_of("owned").alerts()
    assert raised["about"].to_list() == ["protocol_risk", "liquidation_risk", "high_correlation"]
    assert raised["in_week"].to_list() == [True, True, False]


def test_every_refusal_is_listed(desk_of):
    """The last page names each number that was refused, once a reason."""
    refused = desk_of("empty").refusals()
    assert refused["window"].unique().sort().to_list() == ["since inception", "the week"]
    assert "Sharpe ratio" in " ".join(refused["title"])


def test_pools_are_those_a_position_sits_in(desk_of):
    """A position's contract that quotes a yield is a pool; how much is in it is known."""
    pools = desk_of("owned").pools()
    assert pools["protocol_name"].to_list() == ["uniswap-v2"]
    assert pools["value"][0] > 0


def test_nothing_is_read_before_it_is_asked_for(desk_of):
    """Sitting down costs nothing, and a verb reads the tables it needs and no others."""
    desk = desk_of("owned")
    assert desk.source.loaded == []
    desk.daily_values()
    assert set(desk.source.loaded) == {"portfolios", "portfolio_snapshots"}


def test_a_desk_finds_its_portfolio_by_name(desk_of):
    """A name that no one has is answered with what to do; no name at all takes the portfolio that holds most."""
    owned_desk = desk_of("owned")

    def named(portfolio):
        return Desk(
            source=owned_desk.source, portfolio_id=portfolio, week=owned_desk.week, settings=Settings(_env_file=None)
        )

    assert named("never").id == desk_of("empty").id
    assert named("").id == owned_desk.id
    with pytest.raises(UsageError, match="no portfolio is called 'nobody'"):
        named("nobody").positions()


def test_the_surface_is_lazy_and_complete():
    """Importing the package imports nothing heavy; each name of the surface is there when asked for."""
    import subprocess
    import sys

    program = (
        "import sys, ys_analytics; print(sorted({'polars', 'plotly', 'duckdb', 'psycopg', 'chdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    program = (
        "import sys, ys_analytics as ys; ys.open, ys.figures.growth, ys.tables.positions;"
        "print({'pandas', 'numpy', 'pyarrow', 'duckdb', 'psycopg', 'clickhouse_connect'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"  # a desk over a run and its figure wait for none of them
    program = (
        "import sys; from ys_analytics.frames import sql; sql.query_files('SELECT 1 AS n', {});"
        "print('duckdb' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]  # nor does SQL over a run
    assert all(getattr(ys, name) is not None for name in ys.__all__)
    with pytest.raises(AttributeError, match="it has catalog, compare, figures, fleet, limits_broken, load"):
        _ = ys.nonsense


def test_every_view_is_called_as_the_documentation_says(desk_of):
    """Each call of the reference runs as it stands, and shows something; a frame that no verb gives has no call."""
    desk = desk_of("owned")
    missing = []
    for room, views in (("tables", ys.tables), ("figures", ys.figures)):
        for name in dir(views):
            call = shown(room, name)
            if not call.startswith("desk.") or "scenarios" in call:
                missing.append(name)
                continue
            view = eval(f"ys.{room}.{name}({call})", {"ys": ys, "desk": desk})  # noqa: S307 - the project's own words
            assert view.to_html(), name
    assert set(missing) == {
        "cohorts", "fleet", "fleet_extremes", "fleet_flows", "fleet_masthead", "fleet_outliers", "fleet_totals",
        "limits_broken", "nearest_liquidations", "scenarios", "sheet", "stopped",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("desk.lots(matching='", ["fifo", "lifo", "hifo", "average"]),
        ("desk.attribution('asset', since='", ["week", "inception"]),
        ("desk.relative('eq", ["equal_weight"]),
        ("desk.shock({'ETH': -0.4, 'mar", ["market"]),
        ("rows = desk.load('trading_p", ["trading_patterns"]),
        ("desk.gas(by='mo", ["month"]),
        ("desk.rolling(days='", []),
    ],
)
def test_an_argument_completes_to_what_it_may_be(desk_of, written, offered):
    """Words of the signature, symbols of the desk, tables; of another's function nothing is known."""
    assert argument(written, {"desk": desk_of("owned")}) == (written.rpartition("'")[2], offered)
    assert argument("frame.select('", {"frame": pl.DataFrame()}) is None
