"""The desk looks through: what is held stands for what is behind it, and what cannot be seen through is named."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist, mean, stdev

import polars as pl
import pytest

from ys_analytics.desk import loans, risk
from ys_analytics.desk.lookthrough import Registry, look_through, not_looked_through

ASSETS = {
    "eth": ("ETH", None, "crypto", "ethereum", {"native_of_chains": [1, 10]}),
    "btc": ("BTC", None, "crypto", "bitcoin", {}),
    "usdc": ("USDC", 1, "crypto", "usd-coin", {"peg": "USD"}),
    "usdc-10": ("USDC", 10, "crypto", "usd-coin", {"peg": "USD"}),
    "usdc.e-10": ("USDC", 10, "crypto", "bridged-usdc", {"peg": "USD"}),
    "link": ("LINK", 1, "crypto", "chainlink", {}),
    "aave": ("AAVE", 1, "crypto", "aave", {}),
    "weth": ("WETH", 1, "crypto", "weth", {}),
    "steth": ("stETH", 1, "staked_token", None, {"underlying": "ETH", "protocol": "lido"}),
    "asteth": ("astETH", 1, "yield_token", None, {"underlying": "stETH"}),
    "ausdc": ("aUSDC", 1, "yield_token", None, {"underlying": "USDC"}),
    "aweth": ("aWETH", 1, "yield_token", None, {"underlying": "WETH"}),
    "by-id": ("aOpUSDC", 10, "yield_token", None, {"underlying": "usdc-10"}),
    "two": ("aOpUSDC2", 10, "yield_token", None, {"underlying": "USDC"}),
    "lp": ("ETH-USDC-LP", 1, "lp_token", None, {"underlying": ["ETH", "USDC"], "pool": "constant_product"}),
    "bpt": ("80BAL", 1, "lp_token", None, {"underlying": ["LINK", "WETH"], "weights": [0.8, 0.2]}),
    "range": ("UNI-V3", 1, "lp_token", None,
              {"underlying": ["WETH", "USDC"], "pool": {"kind": "concentrated", "range": [1500, 2500]}}),
    "unknown": ("MYSTERY-LP", 1, "lp_token", None, {"underlying": ["ETH", "USDC"], "protocol": "some-dex"}),
    "odd": ("ODD-LP", 1, "lp_token", None, {"underlying": ["ETH", "USDC"], "pool": "bonding curve"}),
    "blank": ("BLANK-LP", 1, "lp_token", None, {}),
    "gone": ("aGONE", 1, "yield_token", None, {"underlying": "GONE"}),
    "loop-a": ("LOOPA", 1, "yield_token", None, {"underlying": "LOOPB"}),
    "loop-b": ("LOOPB", 1, "yield_token", None, {"underlying": "LOOPA"}),
    "on-unknown": ("aMYSTERY", 1, "yield_token", None, {"underlying": "MYSTERY-LP"}),
    "stable": ("3CRV", 1, "lp_token", None, {"underlying": ["USDC", "DAI"], "pool": "stable"}),
    "dai": ("DAI", 1, "crypto", "dai", {}),
    "bnb-56": ("ETH", 56, "crypto", "binance-peg-ethereum", {}),
    "curve": ("CRV2", 1, "lp_token", None, {"underlying": ["USDC", "DAI"], "amplification": 200}),
}  # fmt: skip
PRICES = {"eth": 2000.0, "usdc": 1.0, "dai": 1.0, "link": 15.0, "btc": 50000.0}


Z = NormalDist().inv_cdf(0.95)


def registry(known=ASSETS):
    rows = [
        {"id": id_, "symbol": symbol, "chain_id": chain, "asset_type": kind, "coingecko_id": coin,
         "metadata": json.dumps(note)}
        for id_, (symbol, chain, kind, coin, note) in known.items()
    ]  # fmt: skip
    return Registry(pl.DataFrame(rows, schema_overrides={"chain_id": pl.Int32}), PRICES)


def held(**values):
    rows = [(asset, ASSETS[asset][0], Decimal(value)) for asset, value in values.items()]
    schema = {"asset_id": pl.String, "symbol": pl.String, "value": pl.Decimal(38, 18)}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        portfolio_id=pl.lit("p"), chain=pl.lit("Ethereum"), protocol=pl.lit("wallet")
    )


@pytest.mark.parametrize(
    ("asset", "parts"),
    [
        pytest.param("weth", {"eth": 1.0}, id="wrapped, known by its symbol"),
        pytest.param("asteth", {"eth": 1.0}, id="lent and staked"),
        pytest.param("aweth", {"eth": 1.0}, id="lent and wrapped"),
        pytest.param("ausdc", {"usdc": 1.0}, id="the symbol on its own chain"),
        pytest.param("by-id", {"usdc-10": 1.0}, id="an id where the symbol is taken twice"),
        pytest.param("lp", {"eth": 0.5, "usdc": 0.5}, id="a constant product"),
        pytest.param("bpt", {"link": 0.8, "eth": 0.2}, id="weights make it a weighted pool"),
        pytest.param("link", {"link": 1.0}, id="itself"),
        pytest.param("curve", {"usdc": 0.5, "dai": 0.5}, id="an amplification makes it a stable pool"),
    ],
)
def test_what_stands_behind(asset, parts):
    """By metadata first; by the symbol on the asset's own chain; through every level."""
    found, reason = registry().exposures(asset)
    assert found == pytest.approx(parts)
    assert reason is None


@pytest.mark.parametrize(
    ("asset", "reason"),
    [
        ("unknown", "the kind of its pool is not known"),
        ("odd", "a kind that is not known: bonding_curve"),
        ("blank", "does not say what is in the pool"),
        ("gone", "its underlying GONE is not registered"),
        ("two", "2 assets go by the symbol USDC: name its underlying by id"),
        ("loop-a", "it stands for itself through LOOPB"),
        ("on-unknown", "MYSTERY-LP behind it cannot be looked through: the kind of its pool is not known"),
        ("stable", "the amplification must be positive"),
    ],
)
def test_what_cannot_be_looked_through_is_named(asset, reason):
    """It stands for itself, and the frame says which and why."""
    known = registry()
    assert known.exposures(asset)[0] == {asset: 1.0}
    spread = look_through(held(**{asset: "100"}), known)
    assert reason in not_looked_through(spread, known)
    assert ASSETS[asset][0] in not_looked_through(spread, known)


def test_exposures_add_up_to_the_positions_value():
    """Nothing is gained or lost by looking through."""
    mine = held(lp="100", bpt="70", steth="30", range="12.5", unknown="5", usdc="-20")
    assert look_through(mine, registry())["value"].sum() == pytest.approx(197.5)


def test_coins_of_one_symbol_are_named_with_their_chain_or_coingecko_name():
    """By their CoinGecko names, else by their chains; two on one chain by the ends of their ids."""
    usdc = {
        "usdc-mainnet": ("USDC", 1, "crypto", None, {}),
        "usdc-optimism": ("USDC", 10, "crypto", None, {}),
        "usdc-bridged": ("USDC", 10, "crypto", "bridged-usdc", {}),
        "another-000001": ("DUST", 1, "crypto", None, {}),
        "another-000002": ("DUST", 1, "crypto", None, {}),
    }
    rows = [(asset, Decimal(1)) for asset in usdc]
    mine = pl.DataFrame(rows, schema={"asset_id": pl.String, "value": pl.Decimal(38, 18)}, orient="row")
    assert look_through(mine, registry(usdc))["name"].to_list() == [
        "USDC (Ethereum)", "USDC (Optimism)", "USDC (bridged-usdc)", "DUST (…000001)", "DUST (…000002)",
    ]  # fmt: skip
    assert look_through(mine.head(1), registry(usdc))["name"].to_list() == ["USDC"]


# The demo's Alder Reserve at the end of 2026-W47, in whole dollars.
ALDER = {
    "eth": "21602.28", "ausdc": "21219.56", "steth": "19631.74", "btc": "19404.92", "aweth": "16458.92",
    "usdc": "-249.98", "lp": "12685.99", "usdc-10": "10029.08", "link": "5582.00", "aave": "4280.68",
}  # fmt: skip


def test_the_shocks_of_alder_reserve_agree_with_arithmetic_by_hand():
    """Ether in four forms and half a pool: -14.83 % if it falls 30 %, and -21.55 % if the market does."""
    net = sum(map(float, ALDER.values()))
    ether = float(ALDER["eth"]) + float(ALDER["steth"]) + float(ALDER["aweth"])
    pool = float(ALDER["lp"]) * (1 - math.sqrt(0.7))
    others = float(ALDER["btc"]) + float(ALDER["link"]) + float(ALDER["aave"])
    found = risk.shocks(held(**ALDER), registry())
    said = {(row["what"], row["move"]): row["ret"] for row in found.iter_rows(named=True)}
    assert said["ETH alone", -0.3] == pytest.approx(-(0.3 * ether + pool) / net)
    assert said["ETH alone", -0.3] == pytest.approx(-0.1483, abs=5e-5)
    assert said["everything without a peg", -0.3] == pytest.approx(-(0.3 * (ether + others) + pool) / net)
    assert said["everything without a peg", -0.3] == pytest.approx(-0.2155, abs=5e-5)
    assert found["note"].null_count() == found.height
    assert not {what for what, _ in said} & {"stETH alone", "aUSDC alone", "aWETH alone", "USDC alone"}


def test_what_is_owed_falls_too():
    """A debt in ether shrinks when ether does."""
    found = risk.shocks(held(steth="100", eth="-60", usdc="60"), registry())
    row = found.row(by_predicate=pl.col("what") == "ETH alone", named=True)
    assert row["loss"] == pytest.approx(0.3 * 40)


def test_a_pool_that_is_not_known_falls_with_the_market_and_is_named():
    """Never silently kept still: in full with the market, and the note says so."""
    found = risk.shocks(held(unknown="100", eth="100"), registry())
    said = {(row["what"], row["move"]): row["loss"] for row in found.iter_rows(named=True)}
    assert said["everything without a peg", -0.5] == pytest.approx(100)
    assert said["ETH alone", -0.3] == pytest.approx(30)
    assert set(found["note"]) == {"MYSTERY-LP: the kind of its pool is not known"}


def test_concentration_counts_what_is_behind():
    """Ether, staked ether and half a pool are one asset; a dollar on two chains is one, a bridged one another."""
    mine = held(eth="50", steth="25", lp="50", usdc="25")
    row = risk.concentration(mine, registry()).row(by_predicate=pl.col("dimension") == "asset", named=True)
    assert (row["largest"], row["largest_share"]) == ("ETH", pytest.approx(100 / 150))
    dollars = held(**{"usdc": "50", "usdc-10": "30", "usdc.e-10": "20"})
    row = risk.concentration(dollars, registry()).row(by_predicate=pl.col("dimension") == "asset", named=True)
    assert row["largest_share"] == pytest.approx(0.8)
    assert row["effective_number"] == pytest.approx(1 / (0.8**2 + 0.2**2))


def quotes(days=40, *, hole=None):
    began = datetime(2026, 10, 1, 23, tzinfo=UTC)
    rows = []
    for number in range(days):
        if number == hole:
            continue
        at = began + timedelta(days=number)
        rows += [("eth", at, 2000 * (1 + 0.05 * math.sin(number))), ("usdc", at, 1.0),
                 ("link", at, 15 * (1 + 0.08 * math.cos(2 * number)))]  # fmt: skip
    return pl.DataFrame(rows, schema=("asset_id", "timestamp", "price"), orient="row")


def test_value_at_risk_parts_are_those_of_what_is_behind():
    """Two forms of ether are one part; the parts add up to the value at risk of the mix held."""
    found = risk.contributions(held(steth="60", asteth="20", lp="40", link="30"), quotes(), registry())
    assert set(found["symbol"]) == {"ETH", "USDC", "LINK"}
    weights = dict(found.select("symbol", "weight").rows())
    assert weights == pytest.approx({"ETH": 100 / 150, "USDC": 20 / 150, "LINK": 30 / 150})
    assert found["share"].sum() == pytest.approx(1.0)
    moves = {
        asset: quotes().filter(asset_id=asset).sort("timestamp")["price"].pct_change().drop_nulls().to_list()
        for asset in ("eth", "usdc", "link")
    }
    mix = [
        e * weights["ETH"] + u * weights["USDC"] + li * weights["LINK"]
        for e, u, li in zip(moves["eth"], moves["usdc"], moves["link"], strict=True)
    ]
    assert found["component"].sum() == pytest.approx(-mean(mix) + Z * stdev(mix))


def test_a_return_over_a_hole_is_no_daily_return():
    """The day after a missing one has a return of two days, which counts for none."""
    found = risk.contributions(held(steth="60"), quotes(hole=20), registry())
    path = [2000 * (1 + 0.05 * math.sin(number)) for number in range(40)]
    moves = [path[day] / path[day - 1] - 1 for day in range(1, 40) if day not in {20, 21}]
    assert found["component"].item() == pytest.approx(-mean(moves) + Z * stdev(moves))


def test_a_hole_in_one_assets_prices_costs_the_days_it_touches_and_no_more():
    """Of two assets one misses a price: the two returns around it are lost, the next one of both is not."""
    whole = quotes()
    day = pl.col("timestamp").dt.date() == datetime(2026, 10, 21, tzinfo=UTC).date()
    torn = whole.filter(~(day & (pl.col("asset_id") == "link")))
    found = risk.contributions(held(steth="60", link="40"), torn, registry())
    eth, link = (whole.filter(asset_id=asset)["price"].to_list() for asset in ("eth", "link"))
    mix = [
        0.6 * (eth[at] / eth[at - 1] - 1) + 0.4 * (link[at] / link[at - 1] - 1)
        for at in range(1, 40)
        if at not in {20, 21}
    ]
    assert found["component"].sum() == pytest.approx(-mean(mix) + Z * stdev(mix), rel=1e-12)


def test_what_has_no_prices_is_left_out_by_name():
    """A part that cannot be measured is said to be missing from the whole."""
    found = risk.contributions(held(steth="60", btc="30"), quotes(), registry())
    assert found["symbol"].to_list() == ["ETH"]
    assert found["note"].to_list() == ["no return of one day of BTC: left out"]


def lent(*rows):
    """Positions in Aave on Ethereum: asset, kind and value."""
    return held(**{asset: value for asset, _, value in rows}).with_columns(
        pl.Series("kind", [kind for _, kind, _ in rows]),
        protocol=pl.lit("aave-v3"),
        place=pl.lit("aave-v3, Ethereum"),
    )


def lenders(**thresholds):
    known = {asset: (*row[:4], row[4] | thresholds.get(asset, {})) for asset, row in ASSETS.items()}
    return registry(known)


def test_no_price_of_ether_liquidates_a_loan_of_ether_against_staked_ether():
    """No price of ether liquidates it: the reason names the ratio."""
    known = lenders(asteth={"liquidation_threshold": 0.81})
    found = loans.loans(lent(("asteth", "lending", "120000"), ("weth", "borrowing", "-70000")), known)
    assert found["what"].to_list() == ["everything without a peg", "ETH"]
    assert found["move"].to_list() == [None, None]
    assert all("only the ratio of the two liquidates" in reason for reason in found["reason"])
    steps = loans.ladder(lent(("asteth", "lending", "120000"), ("weth", "borrowing", "-70000")), known)
    assert steps["health_factor"].to_list() == pytest.approx([0.81 * 12 / 7] * 8)


def test_a_loan_of_dollars_against_ether_agrees_with_arithmetic_by_hand():
    """83 of backing, 41.5 owed: half its price, 1,000 USD; dollars lent next to it without threshold back nothing."""
    known = lenders(aweth={"liquidation_threshold": 0.83})
    mine = lent(("aweth", "lending", "100"), ("ausdc", "lending", "500"), ("usdc", "borrowing", "-41.5"))
    row = loans.loans(mine, known).row(by_predicate=pl.col("what") == "ETH", named=True)
    assert (row["health_factor"], row["move"]) == (pytest.approx(2.0), pytest.approx(-0.5))
    assert (row["price"], row["liquidation_price"]) == (2000.0, pytest.approx(1000.0))
    assert row["note"] == "aUSDC: no liquidation threshold is stated, so it backs nothing"


def test_no_threshold_no_number():
    """A health factor of nothing is invented by no one."""
    found = loans.loans(lent(("aweth", "lending", "100"), ("usdc", "borrowing", "-40")), registry())
    assert found["health_factor"].null_count() == found.height
    assert set(found["reason"]) == {"no liquidation threshold is stated for what backs it"}
    assert loans.ladder(lent(("aweth", "lending", "100"), ("usdc", "borrowing", "-40")), registry()).is_empty()
    assert loans.loans(held(eth="5").with_columns(kind=pl.lit("spot"), place=pl.lit("wallet")), registry()).is_empty()
