"""The laws that tie the tables together: what is held, moved, worth, claimed and warned of agrees."""

import json
from datetime import timedelta

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.demo import BUY_AND_HOLD, DISCREPANCIES, EDGE_CASES, HOSTILE_NAME
from ys_analytics.demo.embeddings import SCORE_STRENGTH, score_direction
from ys_analytics.demo.snapshots import MIN_RETURNS, Discrepancy
from ys_analytics.metrics import catalog, drawdown, performance
from ys_analytics.metrics.spans import one_day
from ys_analytics.schemas import MONEY

from .conftest import Frames

CLOSE = pl.col("timestamp").dt.hour() == 23
DAY = pl.col("timestamp").dt.date()
ZERO = pl.lit(0, dtype=MONEY)


def named(frames: Frames, name: str) -> str:
    """The id of a portfolio."""
    return str(frames["portfolios"].filter(pl.col("name") == name)["id"].item())


def closes(frames: Frames, name: str | None = None) -> pl.DataFrame:
    """The last snapshot of every day."""
    shown = frames["portfolio_snapshots"].filter(CLOSE).with_columns(day=DAY)
    return shown if name is None else shown.filter(pl.col("portfolio_id") == named(frames, name))


def movements(frames: Frames) -> pl.DataFrame:
    """Every change of a quantity: portfolio, asset, position, chain's native gas included; debts negative."""
    asset = frames["assets"].select("id", "symbol")
    native = {1: "ETH", 10: "ETH", 42161: "ETH", 8453: "ETH", 137: "POL"}
    ids = {chain: asset.filter(pl.col("symbol") == symbol)["id"].first() for chain, symbol in native.items()}
    rows = frames["transactions"].with_columns(
        from_position=pl.col("metadata").str.json_path_match("$.from_position"),
        to_position=pl.col("metadata").str.json_path_match("$.to_position"),
    )
    done = rows.filter(pl.col("status") == "confirmed")
    given = done.filter(pl.col("from_asset_id").is_not_null()).select(
        "portfolio_id",
        "timestamp",
        asset_id="from_asset_id",
        position="from_position",
        change=ZERO - pl.col("from_amount"),
    )
    got = done.filter(pl.col("to_asset_id").is_not_null()).select(
        "portfolio_id", "timestamp", asset_id="to_asset_id", position="to_position", change="to_amount"
    )
    gas = rows.filter(pl.col("gas_used").is_not_null()).select(
        "portfolio_id",
        "timestamp",
        asset_id=pl.col("chain_id").replace_strict(ids, return_dtype=pl.String),
        position=pl.lit("spot"),
        change=ZERO - pl.col("gas_used") * pl.col("gas_price"),
    )
    return pl.concat([given, got, gas])


def test_transactions_explain_every_quantity(either: Frames) -> None:
    """Confirmed legs and gas, summed by portfolio, asset and kind of position, are the positions, exactly."""
    keys = ["portfolio_id", "asset_id", "position"]
    moved = movements(either).group_by(keys).agg(pl.col("change").sum()).filter(pl.col("change") != 0)
    owed = pl.col("position_type") == "borrowing"
    held = (
        either["portfolio_positions"]
        .with_columns(position=pl.col("position_type").cast(pl.String))
        .with_columns(change=pl.when(owed).then(ZERO - pl.col("quantity")).otherwise("quantity"))
        .group_by(keys)
        .agg(pl.col("change").sum())
    )
    assert moved.height == held.height
    joined = moved.join(held, on=keys, suffix=" held")
    assert joined.height == moved.height
    assert (joined["change"].cast(pl.Float64) - joined["change held"].cast(pl.Float64)).abs().max() == 0


@pytest.mark.parametrize("moment", ["close", "intraday"])
def test_a_snapshot_is_positions_times_prices(frames: Frames, moment: str) -> None:
    """Quantities added up from transactions, at the quote of the same second, give total_value to the last decimal."""
    chosen = frames["portfolio_snapshots"].filter(CLOSE if moment == "close" else ~CLOSE).gather_every(29)
    assert chosen.height > 10
    moved = movements(frames).sort("timestamp")
    quotes = frames["market_data"].select("asset_id", "timestamp", "price")
    for row in chosen.iter_rows(named=True):
        held = (
            moved.filter((pl.col("portfolio_id") == row["portfolio_id"]) & (pl.col("timestamp") <= row["timestamp"]))
            .group_by("asset_id")
            .agg(pl.col("change").sum().cast(MONEY))
            .filter(pl.col("change") != 0)
            .join(quotes.filter(pl.col("timestamp") == row["timestamp"]), on="asset_id", how="left")
        )
        assert held["price"].null_count() == 0
        # Python's integers, so that nothing here can round.
        pairs = held.select("change", "price").rows()
        total = sum(int(change.scaleb(18)) * int(price.scaleb(18)) for change, price in pairs)
        assert total == int(row["total_value"].scaleb(18)) * 10**18


def test_positions_are_the_last_snapshot(either: Frames) -> None:
    """Current values, debts negative, sum to the last total; their shares to one."""
    last = closes(either).sort("timestamp").group_by("portfolio_id").last()
    held = (
        either["portfolio_positions"]
        .group_by("portfolio_id")
        .agg(pl.col("current_value").sum().cast(MONEY), pl.col("allocation_percentage").cast(pl.Float64).sum())
    )
    both = last.join(held, on="portfolio_id")
    assert both.height == held.height
    assert (both["total_value"] == both["current_value"]).all()
    assert (both["allocation_percentage"] - 1).abs().max() < 1e-3
    borrowed = either["portfolio_positions"].filter(pl.col("position_type") == "borrowing")
    assert borrowed.height > 0
    assert (borrowed["current_value"] < 0).all()
    assert (borrowed["quantity"] > 0).all()


def test_allocations_sum_to_one(either: Frames) -> None:
    """By asset, net of debts, wherever there is value; none where there is none."""
    shown = either["portfolio_snapshots"]
    shares = shown.select(
        "total_value",
        total=pl.col("asset_allocation").list.eval(pl.element().struct.field("value")).list.sum(),
        assets=pl.col("asset_allocation").list.eval(pl.element().struct.field("key")),
    )
    worth = shares.filter(pl.col("total_value") > 0)
    assert (worth["total"] == 1).all()
    assert shares.filter(pl.col("total_value") == 0)["assets"].list.len().sum() == 0
    assert (worth["assets"].list.len() == worth["assets"].list.n_unique()).all()
    assert set(worth["assets"].explode()) <= set(either["assets"]["id"])


def test_references_hold(either: Frames) -> None:
    """Every id that one table names is in the table that owns it, over all four stores."""
    ids = {name: set(either[name]["id"]) for name in ("users", "portfolios", "assets", "trading_strategies")}
    owners = {
        "user_id": "users",
        "portfolio_id": "portfolios",
        "asset_id": "assets",
        "from_asset_id": "assets",
        "to_asset_id": "assets",
        "strategy_id": "trading_strategies",
        "acknowledged_by": "users",
        "asset_a": "assets",
        "asset_b": "assets",
    }
    for name, frame in either.items():
        for column in set(owners) & set(frame.columns):
            assert set(frame[column].drop_nulls()) <= ids[owners[column]], f"{name}.{column}"
    assert either["transactions"]["transaction_hash"].is_unique().all()
    mentioned = set(either["market_sentiment"]["asset_mentioned"].explode())
    assert mentioned <= set(either["assets"]["symbol"])


def test_every_kind_of_transaction_happens(frames: Frames) -> None:
    """All types, all statuses, both overrides of the flow rule; failed ones cost gas, those that never ran none."""
    rows = frames["transactions"]
    assert set(rows["transaction_type"].cast(pl.String)) == set(rows.schema["transaction_type"].categories)
    assert set(rows["status"].cast(pl.String)) == {"pending", "confirmed", "failed", "replaced"}
    gas = rows.group_by(pl.col("status").cast(pl.String)).agg(paid=pl.col("gas_used").is_not_null().any())
    assert dict(gas.iter_rows()) == {"pending": False, "confirmed": True, "failed": True, "replaced": False}
    decided = metrics.classify_flows(rows)
    assert set(decided["rule"]) == {
        "not confirmed",
        "metadata says external",
        "metadata says internal",
        "deposit or withdraw without a protocol",
        "deposit or withdraw with a protocol",
        "other type of transaction",
    }


def test_every_external_flow_has_a_price_before_it(either: Frames) -> None:
    """No deposit and no withdrawal is left without a value."""
    flows = metrics.external_flows(metrics.classify_flows(either["transactions"]), either["market_data"])
    assert flows.height > 50
    assert flows["amount"].null_count() == 0


def _truth(frames: Frames) -> pl.DataFrame:
    flows = metrics.external_flows(metrics.classify_flows(frames["transactions"]), frames["market_data"])
    values = closes(frames).select("portfolio_id", "day", value="total_value")
    return metrics.daily_returns(values, flows).join(closes(frames), on=["portfolio_id", "day"])


def test_claims_are_true_where_nothing_is_planted(either: Frames) -> None:
    """Stored returns, Sharpe ratio, drawdown and volatility agree with the kit's own, but on one portfolio."""
    lying = either["portfolios"].filter(pl.col("name") == _liar(either))["id"].item()
    truth = _truth(either).filter(pl.col("portfolio_id") != lying)
    known = truth.filter(pl.col("ret").is_not_null())
    assert (known["ret"] - known["daily_return"].cast(pl.Float64)).abs().max() < 2e-6
    ret = pl.col("ret")
    alone = one_day(ret, days=pl.col("days"))
    ours = known.group_by("portfolio_id").agg(
        count=alone.count(),
        sharpe=performance.sharpe_ratio(alone, periods_per_year=365),
        depth=drawdown.max_drawdown(ret),
        spread=performance.volatility(alone, periods_per_year=365),
        total=performance.total_return(ret),
        said=pl.struct("sharpe_ratio", "max_drawdown", "volatility", "total_return").last(),
    )
    enough = ours.filter(pl.col("count") > 30).unnest("said")
    assert enough.height >= 8
    pairs = {"depth": "max_drawdown", "spread": "volatility", "total": "total_return", "sharpe": "sharpe_ratio"}
    for true, claimed in pairs.items():
        known_truth = enough.filter(pl.col(true).is_not_null())
        assert (known_truth[true] - known_truth[claimed].cast(pl.Float64)).abs().max() < 1e-4, claimed


def test_claims_begin_where_the_catalogue_does(either: Frames) -> None:
    """Below the kit's own minimum history the platform claims no Sharpe ratio and no volatility; it stores 0."""
    assert {catalog.METRICS[name].minimum for name in ("sharpe_ratio", "volatility")} == {MIN_RETURNS}
    young = (
        _truth(either)
        .sort("portfolio_id", "day")
        .with_columns(count=one_day(pl.col("ret"), days=pl.col("days")).is_not_null().cum_sum().over("portfolio_id"))
        .filter(pl.col("count") < MIN_RETURNS)
    )
    assert young["portfolio_id"].n_unique() >= 8
    assert young.filter((pl.col("sharpe_ratio") != 0) | (pl.col("volatility") != 0)).is_empty()


def _liar(frames: Frames) -> str:
    """The first ordinary portfolio after the edge cases."""
    return str(frames["portfolios"]["name"][2 + len(EDGE_CASES)])


@pytest.mark.parametrize("planted", DISCREPANCIES, ids=lambda one: one.column)
def test_planted_claims_are_wrong(frames: Frames, planted: Discrepancy) -> None:
    """Each documented discrepancy can be found, in the days it is said to be in and not before."""
    own = _truth(frames).filter(pl.col("portfolio_id") == named(frames, _liar(frames))).sort("day")
    ret = own["ret"].fill_null(0.0)
    count = own["ret"].is_not_null().cum_sum()
    mean = ret.cum_sum() / count
    deviation = (((ret**2).cum_sum() - count * mean**2) / (count - 1)).sqrt()
    wealth = (ret + 1).cum_prod()
    truth = {
        "daily_return": own["ret"],
        "sharpe_ratio": mean / deviation * 365**0.5,
        "volatility": deviation * 365**0.5,
        "max_drawdown": (wealth / wealth.cum_max() - 1).cum_min(),
    }[planted.column]
    off = own.select("day", off=(own[planted.column].cast(pl.Float64) - truth).abs() > 1e-4)
    since = own["day"].max() - timedelta(days=planted.days - 1)
    # Below so many returns a ratio is not claimed; the store admits no null, so it says 0.
    warm = own["day"].min() + timedelta(days=MIN_RETURNS)
    assert off.filter(pl.col("day") >= since)["off"].any()
    assert not off.filter((pl.col("day") < since) & (pl.col("day") > warm))["off"].any()


def test_risk_is_measured_from_returns_and_debts(frames: Frames) -> None:
    """Value at risk is positive and never above its tail mean; a debt and only a debt brings liquidation near."""
    risk = frames["risk_metrics"]
    assert (risk["cvar_95"] >= risk["var_95"]).all()
    borrowing = set(frames["portfolio_positions"].filter(pl.col("position_type") == "borrowing")["portfolio_id"])
    near = set(risk.filter(pl.col("liquidation_distance") < 1)["portfolio_id"])
    assert borrowing <= near
    held = frames["portfolio_positions"].join(
        frames["assets"].select("id", "symbol"), left_on="asset_id", right_on="id"
    )
    threshold = {"aWETH": 0.83, "aUSDC": 0.78}
    last = risk.sort("timestamp").group_by("portfolio_id").last()
    for portfolio in borrowing:
        own = held.filter(pl.col("portfolio_id") == portfolio).with_columns(pl.col("current_value").cast(pl.Float64))
        backing = sum(
            own.filter(pl.col("symbol") == symbol)["current_value"].sum() * share for symbol, share in threshold.items()
        )
        debt = -own.filter(pl.col("position_type") == "borrowing")["current_value"].sum()
        said = float(last.filter(pl.col("portfolio_id") == portfolio)["liquidation_distance"].item())
        assert said == pytest.approx(1 - debt / backing, abs=1e-7)


def test_the_liquidation_set_follows_from_risk_metrics(either: Frames) -> None:
    """The score in Redis is 1 less the last distance, of everyone measured on the last day."""
    risk = either["risk_metrics"]
    last = risk.filter(pl.col("timestamp") == risk["timestamp"].max())
    distances = last.select("portfolio_id", "liquidation_distance").rows()
    expected = {portfolio: 1 - float(distance) for portfolio, distance in distances}
    found = dict(either["redis_risk_liquidation"].select("portfolio_id", "risk").rows())
    assert found == pytest.approx(expected, abs=1e-8)


def test_alerts_follow_from_crossed_limits(frames: Frames) -> None:
    """On the day of an alert the measure was beyond the limit it names, and is stated in its details."""
    measured = {
        (row["portfolio_id"], row["timestamp"].date()): row for row in frames["risk_metrics"].iter_rows(named=True)
    }
    alerts = frames["risk_alerts"].filter(pl.col("alert_type") != "unusual_activity")
    assert alerts.height > 20
    for row in alerts.iter_rows(named=True):
        details = json.loads(row["details"])
        seen = measured[row["portfolio_id"], row["created_at"].date()][details["measure"]]
        assert float(seen) == pytest.approx(float(details["value"]), abs=1e-7)
        below = details["measure"] == "liquidation_distance"
        assert (float(seen) < float(details["limit"])) is below or float(seen) > float(details["limit"])
        assert row["resolved_at"] is None or row["resolved_at"] > row["created_at"]


def test_satellites_performance_counts_their_tasks(frames: Frames) -> None:
    """Completed and failed tasks of a day are what the performance table says, for all eight."""
    tasks = frames["agent_tasks"].with_columns(day=pl.col("created_at").dt.date())
    failed = tasks.group_by("agent_id", "day").agg(failed=(pl.col("status") == "failed").sum().cast(pl.UInt32))
    said = (
        frames["satellite_performance"]
        .filter(pl.col("metric_name") == "tasks_completed")
        .with_columns(day=DAY)
        .join(failed, on=["agent_id", "day"])
    )
    assert said["agent_id"].n_unique() == 8
    assert (said["error_count"] == said["failed"]).all()
    done = tasks.filter(pl.col("completed_at").is_not_null())
    assert (done["completed_at"] > done["started_at"]).all()
    assert (done["started_at"] > done["created_at"]).all()


@pytest.mark.parametrize(
    ("collection", "score", "size"),
    [("market_sentiment", "sentiment_score", 384), ("trading_patterns", "success_rate", 512),
     ("protocol_analysis", "risk_score", 768)],
)  # fmt: skip
def test_embeddings_carry_what_they_claim(frames: Frames, collection: str, score: str, size: int) -> None:
    """Vectors are of unit length, and along the fixed direction they are the score times its strength."""
    points = frames[collection]
    vectors = points["vector"].to_numpy()
    assert abs((vectors**2).sum(axis=1) - 1).max() < 1e-5
    claimed = points[score].to_numpy()
    along = claimed if collection == "market_sentiment" else 2 * claimed - 1
    assert abs(vectors @ score_direction(size) - SCORE_STRENGTH * along).max() < 1e-5


def test_prices_are_a_market(frames: Frames) -> None:
    """Coins move together, dollars stay at a dollar but for one brief fall of USDC, jumps and calm both happen."""
    symbol = frames["assets"].select("id", "symbol", "chain_id")
    daily = (
        frames["market_data"]
        .filter(CLOSE)
        .with_columns(day=DAY)
        .join(symbol, left_on="asset_id", right_on="id", suffix=" home")
        .filter(pl.col("chain_id home").is_null() | (pl.col("chain_id home") == 1))
        .pivot(on="symbol", index="day", values="price")
        .sort("day")
        .select("day", pl.exclude("day").cast(pl.Float64))
    )
    moves = daily.select(pl.exclude("day") / pl.exclude("day").shift() - 1).drop_nulls()
    assert moves.select(pl.corr("BTC", "ETH")).item() > 0.7
    assert moves["BTC"].abs().max() > 4 * moves["BTC"].abs().median()
    assert daily["USDC"].min() < 0.97
    assert 1 <= (daily["USDC"] < 0.99).sum() <= 5
    assert (daily["USDT"] - 1).abs().max() < 0.005
    assert (daily["TBILL"] == 1).all()


def test_dex_trades_are_near_the_market(frames: Frames) -> None:
    """ETH against USDC trades within two per cent of the last quoted ratio, and both legs agree with the price."""
    trades = frames["dex_trades"]
    ratio = (trades["amount1"].cast(pl.Float64) / trades["amount0"].cast(pl.Float64)).abs()
    assert ((ratio / trades["price"].cast(pl.Float64) - 1).abs() < 1e-3).mean() > 0.99
    assert ((trades["amount0"] > 0) != (trades["amount1"] > 0)).all()
    ether = frames["assets"].filter(pl.col("symbol") == "ETH")["id"].item()
    quotes = (
        frames["market_data"].filter(pl.col("asset_id") == ether).select("timestamp", quote="price").sort("timestamp")
    )
    pair = trades.filter(pl.col("dex_name") == "aerodrome").sort("timestamp").join_asof(quotes, on="timestamp")
    recent = pair.tail(60)
    assert (recent["price"].cast(pl.Float64) / recent["quote"].cast(pl.Float64) - 1).abs().max() < 0.05


def test_the_seven_edge_cases_are_what_their_names_say(either: Frames) -> None:
    """Each of them is what its name says."""
    shown, rows = closes(either), either["transactions"]
    of = {role: named(either, name) for name, role, _ in EDGE_CASES}
    assert shown.filter(pl.col("portfolio_id") == of["empty"]).is_empty()
    assert rows.filter(pl.col("portfolio_id") == of["empty"]).is_empty()
    assert shown.filter(pl.col("portfolio_id") == of["new"]).height == 1
    losing = shown.filter(pl.col("portfolio_id") == of["losing"])["total_value"]
    assert losing.len() == 400
    assert (losing.diff().drop_nulls() < 0).all()
    still = shown.filter(pl.col("portfolio_id") == of["still"])["total_value"]
    assert still.n_unique() == 1
    days = shown.filter(pl.col("portfolio_id") == of["gap"]).sort("day")["day"]
    if either["market_data"].filter(~CLOSE).height:
        assert days.diff().dt.total_days().max() == 10
    assert days.len() == 400 - 9
    emptied = shown.filter(pl.col("portfolio_id") == of["refilled"]).sort("day")
    runs = emptied.select(nothing=(pl.col("total_value") == 0).rle()).unnest("nothing")
    assert runs["value"].to_list() == [False, True, False]
    assert runs["len"][1] == 30
    assert named(either, HOSTILE_NAME) == of["text"]
    assert not shown.filter(pl.col("portfolio_id") == of["text"]).is_empty()


def test_buy_and_hold_has_one_flow_and_no_fee(either: Frames) -> None:
    """One deposit of bitcoin before the first close, no gas, and one position."""
    own = either["transactions"].filter(pl.col("portfolio_id") == named(either, BUY_AND_HOLD))
    assert own.height == 1
    assert own["gas_used"].item() is None
    assert own["timestamp"].item() < closes(either, BUY_AND_HOLD)["timestamp"].min()
