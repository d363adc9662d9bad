"""Lots from transactions: a move is no sale, a loan no purchase, what is not known no profit, and nothing is lost."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

import polars as pl
import pytest

from ys_analytics import demo, metrics
from ys_analytics.desk import activity, bridge, ledger, lots
from ys_analytics.schemas import TABLES

D = Decimal
START = datetime(2025, 1, 1, 12, tzinfo=UTC)
END = START + timedelta(days=400)
MATCHINGS = ("fifo", "lifo", "hifo", "average")


def framed(table, rows):
    schema = TABLES[table].schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def token(symbol, chain=1, **note):
    return {"id": symbol, "symbol": symbol, "chain_id": chain, "contract_address": "0x1", "metadata": json.dumps(note)}


ASSETS = framed("assets", [
    token("ETH", native_of_chains=[1]), token("USDC", peg="USD"), token("BTC"),
    token("stETH", underlying="ETH"), token("aUSDC", underlying="USDC", protocol="aave-v3"),
    token("LP", underlying=["ETH", "USDC"], protocol="uniswap-v2"),
    token("MATIC"), token("POL"), token("SHY"),
    {**token("USDC", 10, peg="USD"), "id": "USDC.op"},
])  # fmt: skip
PRICED = ("ETH", "USDC", "BTC", "stETH", "aUSDC", "LP", "MATIC", "POL", "USDC.op")


def prices(**by_day):
    """Quotes a minute before noon of each day; a number is the price of every day, a list that of each day."""
    usual = {"ETH": 1000, "stETH": 1000, "BTC": 5000, "LP": 100, "MATIC": 1, "POL": 1} | by_day
    rows = []
    for asset in PRICED:
        path = usual.get(asset, 1)
        for day in range(402):
            price = path[min(day, len(path) - 1)] if isinstance(path, list) else path
            rows.append({"timestamp": START + timedelta(days=day, minutes=-1), "asset_id": asset,
                         "price": D(str(price))})  # fmt: skip
    return framed("market_data", rows)


def entry(kind, day, gave=None, got=None, *, protocol="aave", note=None, **more):
    """A confirmed entry of the ledger on a day: what was given and got, as (quantity, asset)."""
    sides = {}
    for side, moved in (("from", gave), ("to", got)):
        if moved is not None:
            sides |= {f"{side}_asset_id": moved[1], f"{side}_amount": D(str(moved[0]))}
    common = {"portfolio_id": "p", "chain_id": 1, "status": "confirmed", "metadata": json.dumps(note or {}),
              "timestamp": START + timedelta(days=day), "transaction_type": kind, "protocol_name": protocol,
              "transaction_hash": f"{kind} on {day}"}  # fmt: skip
    return common | sides | more


def paid_in(day, quantity, asset, **more):
    return entry("deposit", day, got=(quantity, asset), protocol=None, **more)


def books(*deeds, quotes=None, assets=ASSETS, **options):
    quotes = prices() if quotes is None else quotes
    done = activity.with_gas(metrics.classify_flows(framed("transactions", list(deeds))), assets, quotes)
    return lots.lots(done, assets, quotes, at=END, **options)


def closed(found, *columns):
    rows = found.lots.filter(pl.col("disposed").is_not_null())
    return rows.select(*columns).rows() if len(columns) > 1 else rows[columns[0]].to_list()


def left(found, *columns):
    rows = found.lots.filter(pl.col("disposed").is_null()).sort("asset_id", "acquired", "quantity")
    return rows.select(*columns).rows()


ETH_RISES = {"ETH": [1000, 1000, 2000, 2000, 3000], "stETH": [1000, 1000, 2000, 2000, 3000]}
BUY, SELL = entry("swap", 0, (1000, "USDC"), (1, "ETH")), entry("swap", 4, (1, "ETH"), (3000, "USDC"))
CASH = paid_in(0, 1000, "USDC")


@pytest.mark.parametrize(
    "between",
    [
        pytest.param((), id="nothing"),
        pytest.param(
            (entry("stake", 2, (1, "ETH"), (1, "stETH")), entry("unstake", 3, (1, "stETH"), (1, "ETH"))), id="staked"
        ),
        pytest.param(
            (entry("deposit", 2, (1, "ETH"), (20, "LP")), entry("withdraw", 3, (20, "LP"), (1, "ETH"))), id="pooled"
        ),
        pytest.param((entry("deposit", 2, (1, "ETH")), entry("withdraw", 3, got=(1, "ETH"))),
                     id="lent, one side stated"),
        pytest.param((entry("deposit", 2, (1, "ETH"), (1, "ETH"), protocol=None, note={"flow": "internal"}),),
                     id="moved to another wallet"),
        pytest.param(
            (entry("deposit", 1, (1, "ETH"), (20, "LP")), entry("stake", 2, (20, "LP"), (20, "LP")),
             entry("unstake", 2, (20, "LP"), (20, "LP")), entry("withdraw", 3, (20, "LP"), (1, "ETH"))),
            id="pooled and farmed",
        ),
        pytest.param(
            (entry("withdraw", 2, (1, "ETH"), (1, "ETH"), note={"from_position": "borrowing"}),
             entry("deposit", 3, (1, "ETH"), (1, "ETH"), note={"to_position": "borrowing"})),
            id="as much borrowed and repaid",
        ),
        pytest.param((entry("swap", 2, (1, "ETH"), (5000, "USDC"), status="failed"),), id="sold, but it failed"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("matching", MATCHINGS[:3])
def test_what_happens_between_purchase_and_sale_is_no_sale(matching, between):
    """Bought at 1,000 and sold at 3,000 four days later: 2,000 of gain and four days, in spite of what lay between."""
    found = books(CASH, BUY, *between, SELL, quotes=prices(**ETH_RISES), matching=matching)
    sales = found.lots.filter((pl.col("symbol") == "ETH") & pl.col("gain").is_not_null())
    assert sales.select("gain", "cost", "proceeds", "holding_days").rows() == [(D(2000), D(1000), D(3000), 4)]
    assert not found.lots["unmatched"].any()
    assert found.income.is_empty()
    assert lots.totals(found).filter(pl.col("symbol") == "USDC")["realised"].item() == 0


def test_fees_have_a_place_on_both_sides():
    """Gas of a purchase is part of the cost, that of a sale off its proceeds, that of a move an expense: 0.001 ETH."""
    gas = {"gas_used": D(100_000), "gas_price": D("0.00000001")}
    story = (CASH, paid_in(0, 1, "ETH"), BUY | gas, entry("stake", 2, (1, "ETH"), (1, "stETH"), **gas))
    found = books(*story, entry("swap", 4, (1, "stETH"), (1500, "USDC"), **gas), quotes=prices(stETH=1500))
    assert closed(found, "kind", "asset_id", "quantity", "cost", "proceeds", "fees", "gain") == [
        ("gas", "ETH", D("0.001"), D(1), D(1), D(0), D(0)),
        ("sale", "USDC", D(1000), D(1000), D(1000), D(0), D(0)),
        ("gas", "ETH", D("0.001"), D(1), D(1), D(0), D(0)),
        ("gas", "ETH", D("0.001"), D("1.001"), D(1), D(0), D("-0.001")),
        # What was staked: 0.998 of the deposit and 0.002 of the purchase, which had cost 1,001.
        ("sale", "stETH", D("0.998"), D(998), D("1496.002"), D("0.998"), D("498.002")),
        ("sale", "stETH", D("0.002"), D("2.002"), D("2.998"), D("0.002"), D("0.996")),
    ]
    assert found.expenses.select("kind", "value").rows() == [("gas", D(1))]
    apart = books(*story, quotes=prices(), gas="expense")
    assert apart.expenses["value"].sum() == 2
    assert apart.lots["fees"].sum() == 0


@pytest.mark.parametrize(
    ("matching", "gains"), [("fifo", [1000, 0]), ("lifo", [500, 0]), ("hifo", [0, 500]), ("average", [500, 500])]
)
def test_each_matching_takes_its_lot(matching, gains):
    """Bought at 1,000, 2,000 and 1,500; two sold at 2,000, one after the other."""
    path = [1000, 2000, 1500, 2000]
    buys = [entry("swap", day, (path[day], "USDC"), (1, "ETH")) for day in range(3)]
    sells = [entry("swap", 3, (1, "ETH"), (2000, "USDC")), entry("swap", 4, (1, "ETH"), (2000, "USDC"))]
    found = books(paid_in(0, 4500, "USDC"), *buys, *sells, quotes=prices(ETH=path), matching=matching)
    sold = [gain for asset, gain in closed(found, "asset_id", "gain") if asset == "ETH"]
    assert sold == [D(gain) for gain in gains]


def test_of_one_second_the_log_decides():
    """Case 15 from transactions: 1 sold before 1 is bought again in the same block, for any ids."""
    at = START + timedelta(days=2)
    rebuy = entry("swap", 2, (3010, "USDC"), (1, "ETH"), id="a", block_number=7, note={"log_index": 9}, timestamp=at)
    sell = entry("swap", 2, (1, "ETH"), (3000, "USDC"), id="b", block_number=7, note={"log_index": 4}, timestamp=at)
    for matching in MATCHINGS:
        found = books(CASH, BUY, rebuy, sell, paid_in(1, 10, "USDC"), matching=matching)
        assert lots.totals(found).filter(pl.col("symbol") == "ETH").select("realised", "cost").row(0) == (2000, 3010)


def test_what_left_and_never_came_is_reported_and_no_profit():
    """3 sold, 1 bought: the gain is of one; two stand apart with their proceeds, and so does a gift of unknown cost."""
    found = books(CASH, BUY, entry("swap", 4, (3, "ETH"), (9000, "USDC")), quotes=prices(**ETH_RISES))
    assert closed(found, "asset_id", "quantity", "proceeds", "gain", "unmatched") == [
        ("USDC", D(1000), D(1000), D(0), False),
        ("ETH", D(1), D(3000), D(2000), False),
        ("ETH", D(2), D(6000), None, True),
    ]
    row = lots.totals(found).filter(pl.col("symbol") == "ETH").row(0, named=True)
    assert (row["realised"], row["unmatched"], row["unmatched_proceeds"]) == (2000, 2, 6000)
    gift = books(paid_in(0, 5, "SHY"), entry("swap", 1, (5, "SHY"), (100, "USDC")))
    assert closed(gift, "proceeds", "gain") == [(D(100), None)]
    assert "its cost is not known" in closed(gift, "reason")[0]
    assert lots.totals(gift).filter(pl.col("symbol") == "SHY")["realised"].item() is None


@pytest.mark.parametrize(("matching", "gain"), [("fifo", 2000), ("lifo", 1000), ("hifo", 1000)])
def test_a_lot_that_was_staked_meanwhile_is_still_the_oldest(matching, gain):
    """Bought at 1,000 and staked, another bought at 2,000, the first one back: it is as old as ever."""
    story = (CASH, BUY, entry("stake", 1, (1, "ETH"), (1, "stETH")), paid_in(2, 1, "ETH"),
             entry("unstake", 3, (1, "stETH"), (1, "ETH")), SELL)  # fmt: skip
    found = books(*story, quotes=prices(**ETH_RISES), matching=matching)
    assert lots.totals(found).filter(pl.col("symbol") == "ETH")["realised"].item() == gain


def test_coins_that_waited_in_a_protocol_come_back_with_what_they_earned():
    """100 put in at a cost of 90, 105 back: 5 are income; where nothing was put in, the cost is not known."""
    cheap = paid_in(0, 100, "USDC", note={"cost_basis": 90})
    found = books(cheap, entry("deposit", 1, (100, "USDC")), entry("withdraw", 2, got=(105, "USDC")))
    assert left(found, "quantity", "cost", "origin") == [(D(100), D(90), "deposit"), (D(5), D(5), "income")]
    assert found.income.select("kind", "value").rows() == [("exit", D(5))]
    assert left(books(entry("withdraw", 2, got=(105, "USDC"))), "cost", "origin") == [(None, "unknown")]


@pytest.mark.parametrize("stated", ["much", "-1", "NaN"])
def test_a_cost_that_is_no_amount_is_not_known(stated):
    """Rather than the market's value, which would be a guess next to what someone meant to say."""
    found = books(paid_in(0, 1, "ETH", note={"cost_basis": stated}))
    assert left(found, "cost", "unrealised") == [(None, None)]


def test_what_was_paid_in_has_the_cost_that_is_stated_else_its_value_then():
    """The owner may have bought it long before."""
    found = books(paid_in(0, 1, "ETH"), paid_in(1, 1, "ETH", note={"cost_basis": "250.5"}))
    assert left(found, "cost", "unrealised", "origin") == [
        (D(1000), D(0), "deposit"),
        (D("250.5"), D("749.5"), "deposit"),
    ]


@pytest.mark.parametrize(("leaving", "gain", "unrecognised"), [("transfer", None, 2000), ("sale", 2000, None)])
def test_what_is_withdrawn_takes_its_cost_along(leaving, gain, unrecognised):
    """To one's own wallet is no sale, unless it is said to be one."""
    out = entry("withdraw", 4, (1, "ETH"), protocol=None)
    found = books(CASH, BUY, out, quotes=prices(**ETH_RISES), leaving=leaving)
    row = found.lots.filter(pl.col("asset_id") == "ETH").row(0, named=True)
    assert (row["gain"], row["unrecognised"], row["cost"]) == (gain, unrecognised, 1000)


LOAN = (entry("withdraw", 0, (1, "ETH"), (1, "ETH"), note={"from_position": "borrowing"}),
        entry("swap", 0, (1, "ETH"), (1000, "USDC")),
        entry("swap", 4, (3000, "USDC"), (1, "ETH")),
        entry("deposit", 5, (1, "ETH"), (1, "ETH"), note={"to_position": "borrowing"}))  # fmt: skip


@pytest.mark.parametrize(("repaying", "gain", "unrecognised"), [("no_gain", None, -2000), ("sale", -2000, None)])
def test_a_loan_is_no_purchase_and_repaying_it_no_sale(repaying, gain, unrecognised):
    """Borrowed and sold at 1,000, bought back at 3,000: the loss is stated, as a gain only where that is asked for."""
    found = books(paid_in(0, 2000, "USDC"), *LOAN, quotes=prices(**ETH_RISES), repaying=repaying)
    back = found.lots.filter(pl.col("transaction_hash") == "deposit on 5").row(0, named=True)
    assert (back["cost"], back["gain"], back["unrecognised"]) == (3000, gain, unrecognised)
    assert found.debts.is_empty()
    owing = books(paid_in(0, 2000, "USDC"), *LOAN[:3], quotes=prices(**ETH_RISES))
    assert owing.debts.select("quantity", "value", "worth", "unrealised").rows() == [(1, 1000, 3000, -2000)]


def test_what_a_balance_grew_without_a_transaction_is_income():
    """100 staked, 0.5 grown by itself, all taken back: nothing is unmatched, and the growth cost what it was worth."""
    story = (paid_in(0, 100, "ETH"), entry("stake", 0, (100, "ETH"), (100, "stETH")),
             entry("unstake", 3, ("100.5", "stETH"), ("100.5", "ETH")))  # fmt: skip
    quotes = prices(**ETH_RISES)
    done = activity.with_gas(metrics.classify_flows(framed("transactions", list(story))), ASSETS, quotes)
    legs = ledger.legs(done, ASSETS)
    growth = legs.head(1).with_columns(
        asset_id=pl.lit("stETH"), cause=pl.lit("rebase"), change=pl.lit(D("0.5"), legs.schema["change"]),
        timestamp=pl.lit(START + timedelta(days=2), legs.schema["timestamp"]),
    )  # fmt: skip
    found = lots.lots(done, ASSETS, quotes, at=END, growth=pl.concat([legs, growth]))
    assert found.income.select("kind", "quantity", "value").rows() == [("rebase", D("0.5"), D(1000))]
    assert left(found, "asset_id", "quantity", "cost", "origin") == [
        ("ETH", D(100), D(100_000), "deposit"), ("ETH", D("0.5"), D(1000), "income"),
    ]  # fmt: skip
    assert found.lots["unmatched"].sum() == 0
    alone = lots.lots(done, ASSETS, quotes, at=END)
    assert alone.lots.filter("unmatched").select("kind", "quantity").rows() == [("move", D("0.5"))]


def test_interest_on_a_debt_is_an_expense_and_repaying_more_than_was_borrowed_is_said():
    """Four borrowed and one of interest make five owed."""
    borrow = entry("withdraw", 0, (4, "USDC"), (4, "USDC"), note={"from_position": "borrowing"})
    grown = entry("claim", 1, (1, "USDC"), note={"from_position": "borrowing"})
    repay = entry("deposit", 2, (6, "USDC"), (6, "USDC"), note={"to_position": "borrowing"})
    found = books(paid_in(0, 10, "USDC"), borrow, grown, repay)
    assert found.expenses.select("kind", "value").rows() == [("interest", D(1))]
    assert closed(found, "kind", "origin", "quantity", "unrecognised") == [
        ("repayment", "loan", D(4), D(0)), ("repayment", "deposit", D(1), D(0)), ("repayment", "deposit", D(1), None),
    ]  # fmt: skip
    assert closed(found, "reason")[2] == "repaid beyond what the transactions show to have been borrowed"


@pytest.mark.parametrize(
    ("back", "row", "open_"),
    [
        # 1.2 of 1: 0.2 ETH at 3,000 is gain of the pool; the first one keeps its 1,000.
        (1.2, (D(0), D(600), D(600)), [(D("0.2"), D(600)), (D(1), D(1000))]),
        (0.8, (D(200), D(0), D(-200)), [(D("0.8"), D(800))]),
    ],
)
def test_what_a_position_gained_or_lost_is_realised_when_it_comes_back(back, row, open_):
    """On the share of the pool, and not on the coin that was in it."""
    found = books(CASH, BUY, entry("deposit", 1, (1, "ETH"), (20, "LP")),
                  entry("withdraw", 4, (20, "LP"), (back, "ETH")), quotes=prices(**ETH_RISES))  # fmt: skip
    shown = found.lots.filter(pl.col("kind") == "exit")
    assert shown.select("asset_id", "cost", "proceeds", "gain").rows() == [("LP", *row)]
    assert sorted(left(found, "quantity", "cost")) == open_


def test_two_coins_in_a_pool_come_back_each_at_its_own_cost():
    """No matter what the order in which they come."""
    put = (entry("deposit", 1, (1, "ETH"), (10, "LP")), entry("deposit", 1, (2000, "USDC"), (20, "LP")))
    taken = (entry("withdraw", 3, (20, "LP"), (2000, "USDC")), entry("withdraw", 3, (10, "LP"), (1, "ETH")))
    found = books(paid_in(0, 3000, "USDC"), BUY, *put, *taken, quotes=prices(ETH=[1000, 1000, 2000]))
    assert left(found, "asset_id", "quantity", "cost") == [("ETH", D(1), D(1000)), ("USDC", D(2000), D(2000))]
    assert closed(found, "gain") == [D(0)]


def test_what_comes_out_of_a_pool_as_another_coin_was_sold_for_it():
    """One ether put in at a cost of 1,000, 1,800 dollars taken out."""
    found = books(CASH, BUY, entry("deposit", 1, (1, "ETH"), (20, "LP")),
                  entry("withdraw", 4, (20, "LP"), (1800, "USDC")))  # fmt: skip
    assert closed(found, "kind", "asset_id", "gain", "holding_days")[1:] == [("sale", "LP", D(800), 4)]


@pytest.mark.parametrize(
    ("move", "kept"),
    [
        pytest.param(entry("bridge", 2, (1000, "USDC"), (999, "USDC.op")), ("USDC.op", D(999), D(900)), id="bridged"),
        pytest.param(entry("swap", 2, (1000, "MATIC"), (1000, "POL")), ("POL", D(1000), D(900)), id="renamed"),
    ],
)
def test_a_coin_under_another_name_or_on_another_chain_is_the_same_coin(move, kept):
    """It keeps date and cost; what the bridge took is part of the cost."""
    found = books(paid_in(0, 1000, move["from_asset_id"], note={"cost_basis": "900"}), move)
    assert left(found, "asset_id", "quantity", "cost") == [kept]
    assert closed(found, "gain") == []


def test_a_year_shows_what_left_in_it_and_what_was_left_at_its_end():
    """For a tax return; a loss of next year is in no line of this one."""
    story = (CASH, paid_in(0, 1, "ETH"), entry("swap", 380, (1, "ETH"), (3000, "USDC")))
    first, second = (books(*story, year=year, quotes=prices(**ETH_RISES)) for year in (2025, 2026))
    assert closed(first, "gain") == []
    assert ("ETH", D(1), D(3000)) in left(first, "asset_id", "quantity", "worth")
    assert closed(second, "gain", "holding_days") == [(D(2000), 380)]


STEPS = ("in", "in", "out", "trade", "trade", "stake", "pool", "leave", "loan")


def step(chance, day, part, owed):
    """One transaction, and what it moves."""
    kind, amount, rate = chance.choice(STEPS), D(chance.randint(1, 500)) / 10, D(chance.randint(50, 150)) / 100
    coin, other = chance.sample(["ETH", "USDC", "BTC"], 2)
    share, back = chance.choice([("stETH", "ETH"), ("LP", "ETH"), ("LP", "USDC")])
    given = {"out": part(coin), "trade": part(coin), "leave": part(share), "stake": part("ETH"), "pool": part("ETH")}
    given = given.get(kind, min(owed, part("USDC")))
    got = (given * rate).quantize(D("1e-6"))
    repays = kind == "loan" and given > 0 and chance.random() < 0.5
    loan = {"note": {"to_position": "borrowing"}} if repays else {"note": {"from_position": "borrowing"}}
    if kind in ("stake", "pool"):
        share = "stETH" if kind == "stake" else "LP"
    made = {
        "in": (paid_in(day, amount, coin), {coin: amount}),
        "out": (entry("withdraw", day, (given, coin), protocol=None), {coin: -given}),
        "trade": (entry("swap", day, (given, coin), (amount, other)), {coin: -given, other: amount}),
        "stake": (entry("stake", day, (given, "ETH"), (got, share)), {"ETH": -given, share: got}),
        "pool": (entry("deposit", day, (given, "ETH"), (got, share)), {"ETH": -given, share: got}),
        "leave": (entry("withdraw", day, (given, share), (got, back)), {share: -given, back: got}),
        "loan": (entry("deposit" if repays else "withdraw", day, *([(given if repays else amount, "USDC")] * 2),
                       **loan), {"USDC": -given if repays else amount}),
    }  # fmt: skip
    return made[kind]


def random_history(seed):
    """A random history: money in and out, trades, stakes, pools, loans, gas, failures, several a day."""
    chance = Random(seed)  # noqa: S311 - a story, not a secret
    held, owed = dict.fromkeys(("ETH", "USDC", "BTC", "stETH", "LP"), D(0)), D(0)
    # One ether pays for gas alone.
    story = [paid_in(0, 1, "ETH")]

    def part(asset):
        return (held[asset] * D(chance.randint(1, 100)) / 100).quantize(D("1e-6"), rounding=ROUND_DOWN)

    for number in range(80):
        done, moves = step(chance, number // 2, part, owed)
        if not all(done.get(f"{side}_amount", 1) for side in ("from", "to")):
            continue
        status = "confirmed" if chance.random() < 0.9 else chance.choice(["failed", "pending", "replaced"])
        gas = {"gas_used": D(50_000), "gas_price": D("0.00000001")} if chance.random() < 0.5 else {}
        story.append(done | {"status": status} | gas)
        if status == "confirmed":
            owed += moves["USDC"] if "borrowing" in done["metadata"] else 0
            for asset, change in moves.items():
                held[asset] += change
    return story


def walk(seed):
    chance = Random(seed)  # noqa: S311 - a story, not a secret
    return {asset: [round(base * chance.uniform(0.5, 2), 6) for _ in range(402)]
            for asset, base in (("ETH", 1000), ("BTC", 5000), ("stETH", 1000), ("LP", 100), ("USDC", 1))}  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("matching", MATCHINGS)
def test_nothing_is_lost_or_found_between_the_lots_and_the_bridge(seed, matching):
    """Gain, what is in no gain, income less expenses and what is unrealised are the bridge's terms, to 1e-12 USD.

    And what is left of each asset is what the ledger says is held.
    """
    quotes = prices(**walk(seed))
    done = activity.with_gas(metrics.classify_flows(framed("transactions", random_history(seed))), ASSETS, quotes)
    found = lots.lots(done, ASSETS, quotes, at=END, matching=matching)
    moved = ledger.legs(done, ASSETS)
    owned = moved.filter(pl.col("position").ne_missing("borrowing"))
    held = owned.group_by("asset_id").agg(pl.col("change").sum()).filter(pl.col("change") != 0).rows()
    kept = lots.totals(found).select("asset_id", "quantity").filter(pl.col("quantity") != 0).rows()
    assert sorted(kept) == sorted(held)
    assert not found.lots["unmatched"].any()
    sums = bridge.attributed(moved, quotes, ASSETS, start=START - timedelta(days=1), end=END)
    plus = sum(sums[name].sum() for name in ("price", "yield", "rewards", "lp_fees"))
    ours = sum(found.lots[name].sum() for name in ("gain", "unrecognised", "unrealised"))
    ours += found.income["value"].sum() - found.expenses["value"].sum() + found.debts["unrealised"].sum()
    assert abs(ours - (plus - sums["impermanent_loss"].sum() - sums["gas"].sum())) < D("1e-9")


@pytest.mark.parametrize("seed", range(4))
def test_assets_that_did_not_touch_do_not_matter_to_each_other(seed):
    """Deposits of another asset, anywhere between, change no line of the others."""
    quotes, story = prices(**walk(seed)), random_history(seed)
    mixed = [one for deal in story for one in (deal, paid_in(0, 3, "POL") | {"timestamp": deal["timestamp"]})]
    alone, among = (books(*deeds, quotes=quotes).lots for deeds in (story, mixed))
    assert among.filter(pl.col("asset_id") != "POL").equals(alone)


@pytest.fixture(scope="module")
def demo_frames():
    return demo.economy(portfolios=12, days=400, seed=7, until=datetime(2026, 11, 23, tzinfo=UTC))


def test_the_demos_dollars_show_no_gain_that_never_was(demo_frames):
    """Each dollar that was sold or is left had cost a dollar, as it was quoted; and all terms add up to the cent.

    Borrowed, lent and pooled dollars counted as sold used to show 5,560 USD of gain on one portfolio.
    """
    assets, quotes, end = (
        demo_frames["assets"],
        demo_frames["market_data"],
        datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC),
    )
    dollars = assets.filter(pl.col("symbol") == "USDC")["id"]
    prices = quotes.filter(pl.col("asset_id").is_in(dollars.to_list()))["price"]
    seen = 0
    for portfolio in demo_frames["portfolios"]["id"]:
        mine = demo_frames["transactions"].filter(pl.col("portfolio_id") == portfolio)
        done = activity.with_gas(metrics.classify_flows(mine), assets, quotes)
        found = lots.lots(done, assets, quotes, at=end)
        assert not found.lots["unmatched"].any()
        rows = found.lots.filter(pl.col("symbol") == "USDC")
        each = rows.select(pl.col("cost", "proceeds") / pl.col("quantity").cast(pl.Float64))
        # Each bridge takes 0.06 % on its way, which is part of the cost of what arrives.
        bridges = mine.filter(transaction_type="bridge").height
        low, high = float(prices.min()), float(prices.max()) * 1.0007**bridges
        assert each.select(pl.all().drop_nulls().is_between(low, high).all()).row(0) == (True, True)
        seen += rows.height
        held = lots.totals(found).select("asset_id", "quantity").filter(pl.col("quantity") != 0)
        moved = ledger.legs(done, assets).filter(pl.col("position") != "borrowing")
        kept = moved.group_by("asset_id").agg(pl.col("change").sum()).filter(pl.col("change") != 0)
        assert sorted(held.rows()) == sorted(kept.rows())
        worth = (
            demo_frames["portfolio_snapshots"]
            .filter(pl.col("portfolio_id") == portfolio)
            .sort("timestamp")["total_value"]
        )
        ours = sum(found.lots[name].sum() for name in ("gain", "unrecognised", "unrealised"))
        ours += found.income["value"].sum() - found.expenses["value"].sum() + found.debts["unrealised"].sum()
        if worth.len():
            assert abs(ours - (worth[-1] - metrics.external_flows(done, quotes)["amount"].sum())) < D("1e-9")
    assert seen > 300
