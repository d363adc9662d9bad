"""What did not happen moves nothing, and gas is what left the portfolio's own wallet, in the coin of that day."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics, views
from ys_analytics.desk import activity, ledger
from ys_analytics.schemas import TABLES, Span
from ys_analytics.schemas.coins import NATIVE_COINS
from ys_analytics.schemas.outcomes import MOVING, OUTCOMES, PAYING
from ys_analytics.schemas.postgres import ENUMS

AT = datetime(2026, 11, 18, 10, tzinfo=UTC)
SPAN = Span.week("2026-W47")
D = Decimal
EVERY = ENUMS["transaction_status_enum"]


def framed(table, rows):
    schema = TABLES[table].schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def coin(symbol, **more):
    return {"id": symbol.lower(), "symbol": symbol, "metadata": "{}"} | more


ASSETS = framed("assets", [coin("ETH"), coin("USDC", contract_address="0x1", chain_id=1), coin("POL"), coin("MATIC")])
DAYS = [AT, datetime(2024, 9, 3, 12, tzinfo=UTC), datetime(2024, 9, 4, 12, tzinfo=UTC)]
QUOTES = framed(
    "market_data",
    [
        {"asset_id": asset, "timestamp": day + timedelta(hours=1), "price": D(price)}
        for day in DAYS
        for asset, price in (("eth", "2000"), ("usdc", "1"), ("pol", "0.5"), ("matic", "0.4"))
    ],
)


def transaction(kind="swap", at=AT, *, note=None, **more):
    sides = {"from_asset_id": "usdc", "from_amount": D(300), "to_asset_id": "eth", "to_amount": D("0.15")}
    common = {"id": "t", "portfolio_id": "p", "chain_id": 1, "status": "confirmed", "timestamp": at,
              "protocol_name": "uniswap-v3", "transaction_type": kind, "metadata": json.dumps(note or {}),
              "gas_used": D(100_000), "gas_price": D("0.00000001")}  # fmt: skip
    return common | sides | more


def with_gas(*deeds, assets=ASSETS, quotes=QUOTES):
    return activity.with_gas(metrics.classify_flows(framed("transactions", list(deeds))), assets, quotes)


def test_every_status_of_the_database_has_one_outcome():
    """A status that is added to the enum and not here would move nothing without a word."""
    assert tuple(one.status for one in OUTCOMES) == EVERY
    assert (MOVING, PAYING) == (("confirmed",), ("confirmed", "failed"))


def test_gas_adds_up_the_same_by_each_split():
    """Months, protocols and chains: each split has the same sum, and the week's part of it."""
    done = with_gas(
        transaction(),
        transaction(at=AT - timedelta(days=40), protocol_name=None),
        transaction(status="failed", gas_used=D(50_000)),
    )
    total = done["gas"].sum()
    months = activity.gas(done, span=SPAN, by="month")
    assert months["what"].to_list() == ["2026-10", "2026-11"]
    assert months["week_cost"].to_list() == [D(0), D(3)]
    assert activity.gas(done, span=SPAN, by="protocol")["what"].to_list() == ["uniswap-v3", "wallet"]
    assert activity.gas(done, span=SPAN, by="chain")["what"].to_list() == ["Ethereum"]
    unpriced = months.filter(what="2026-10").select("since_cost", "since_unpriced").row(0)
    assert unpriced == (None, 1)  # no price that day: the sum would be too small
    assert activity.gas(done, span=SPAN)["since_cost"].to_list() == [None, D(1)]
    assert total == D(3)


@pytest.mark.parametrize("status", EVERY)
def test_a_status_decides_legs_gas_flows_and_counts_alike(status):
    """Confirmed moves and pays, failed pays, pending and replaced do neither, although all state gas and amounts."""
    moves, pays = status in MOVING, status in PAYING
    done = with_gas(
        transaction(status=status),
        transaction("withdraw", status=status, protocol_name=None, to_asset_id=None, gas_used=D(0)),
    )
    moved = ledger.legs(done, ASSETS)
    assert set(moved["cause"]) == ({"gas"} if pays else set()) | ({"trade", "flow"} if moves else set())
    held = dict(moved.group_by("asset_id").agg(pl.col("change").sum()).rows())
    assert held.get("eth", D(0)) == (D("0.15") if moves else D(0)) - (D("0.001") if pays else D(0))
    assert held.get("usdc", D(0)) == (D(-600) if moves else D(0))
    costs = activity.gas(done, span=SPAN)
    assert costs.select("what", "week_transactions", "since_transactions").rows() == ([(status, 2, 2)] if pays else [])
    assert done["gas"].sum() == (D(2) if pays else 0)
    assert metrics.external_flows(done, QUOTES).height == (1 if moves else 0)
    audit = dict(activity.flow_audit(done, span=SPAN).select("flow", "week").rows())
    assert audit == ({"external": 1, "internal": 1} if moves else {"none": 2})


@pytest.mark.parametrize("status", [status for status in EVERY if status not in MOVING])
def test_a_page_prints_what_was_tried_and_no_amount(status):
    """Sent and Received are empty, with the attempt and its fate below the table."""
    listed = activity.transactions(with_gas(transaction(status=status)), ASSETS, span=SPAN)
    row = listed.row(0, named=True)
    assert (row["from_amount"], row["to_amount"], row["moved"]) == (None, None, False)
    assert (row["attempted_from"], row["attempted_to"]) == (D(300), D("0.15"))
    view = views.tables.transactions(listed)
    assert view.printed_rows()[0][2] == view.printed_rows()[0][3] == "\N{EM DASH} a"
    assert view.notes[0].startswith(f"a {status}: ")
    assert view.notes[0].endswith("; nothing moved of 300.0000 USDC for 0.1500 ETH")


@pytest.mark.parametrize(
    ("note", "usd"),
    [
        ({}, "2"),
        ({"l1_fee": "0.000193412778003114"}, "2.386825556006228"),
        ({"l1_fee": 0.0005}, "3"),
        ({"l1_fee": 5e-05}, "2.1"),
        # The same digits as a JSON string and as a JSON number, which is no float.
        ({"l1_fee": "1.123456789012345678"}, "2248.913578024691356"),
        ('{"l1_fee": 1.123456789012345678, "operator_fee": null}', "2248.913578024691356"),
        ("[]", "2"),
        ({"blob_fee": "0.001"}, "4"),
        ({"operator_fee": "0.001", "l1_fee": "0.001"}, "6"),
        # Part of the price of gas already: counting it would count it twice.
        ({"priority_fee": "0.001"}, "2"),
    ],
)
def test_fees_next_to_gas_are_part_of_gas(note, usd):
    """A rollup's data fee, its operator's fee and blobs, in the coin and in USD."""
    done = with_gas(transaction(chain_id=10, metadata=note if isinstance(note, str) else json.dumps(note)))
    assert done["gas"].item() == D(usd)
    assert ledger.legs(done, ASSETS)["change"][0] == -D(usd) / 2000


@pytest.mark.parametrize("fee", ["-1", "free", "NaN", "193412778003114", "1_0"])
def test_a_fee_that_is_no_amount_is_refused_by_name(fee):
    """An unknown cost is null, and is counted as one."""
    done = with_gas(transaction(note={"l1_fee": fee}))
    assert (done["gas"].item(), done["gas_reason"].item()) == (None, "metadata.l1_fee is no amount of whole coins")
    row = activity.gas(done, span=SPAN).row(0, named=True)
    assert (row["week_cost"], row["week_unpriced"]) == (None, 1)
    assert row["week_reason"] == "the cost of 1 of 1 is not known: metadata.l1_fee is no amount of whole coins"


@pytest.mark.parametrize(
    ("columns", "paid"),
    [
        pytest.param({"transaction_type": "deposit", "protocol_name": None}, False, id="received from outside"),
        pytest.param(
            {"transaction_type": "deposit", "protocol_name": None, "status": "failed"}, False, id="and failed"
        ),
        pytest.param(
            {"transaction_type": "bridge", "metadata": '{"flow": "external"}'}, False, id="bridged in by another"
        ),
        pytest.param(
            {"transaction_type": "deposit", "protocol_name": None, "metadata": '{"gas_paid_by": "portfolio"}'},
            True, id="received, and said to be paid by the portfolio",
        ),
        pytest.param(
            {"transaction_type": "deposit", "protocol_name": None, "metadata": '{"flow": "internal"}'}, True,
            id="moved from one wallet of the portfolio to another",
        ),
        pytest.param({"transaction_type": "claim"}, True, id="claimed"),
        pytest.param({"metadata": '{"gas_paid_by": "relayer"}'}, False, id="sent by a relayer"),
    ],
)  # fmt: skip
def test_gas_of_what_was_received_was_paid_by_its_sender(columns, paid):
    """An explorer lists the fee next to the transfer, no matter who paid it."""
    done = with_gas(transaction(**({"from_asset_id": None, "from_amount": None} | columns)))
    assert done["gas"].item() == (D(2) if paid else None)
    assert done["gas_reason"].item() == (None if paid else "its sender paid the gas")
    assert ledger.legs(done, ASSETS).filter(pl.col("cause") == "gas").height == int(paid)
    assert activity.gas(done, span=SPAN).height == int(paid)


def test_an_explorers_export_comes_to_what_the_wallet_lost():
    """Case 07: 1.5 sent, 2 received, a failed swap of 0.4: +0.5 ETH less the two fees paid, not the sender's."""
    fee = {"gas_used": D(100_000)}
    done = with_gas(
        transaction("withdraw", protocol_name=None, from_asset_id="eth", from_amount=D("1.5"), to_asset_id=None,
             to_amount=None, **fee, gas_price=D("0.00000000312")),
        transaction("swap", from_asset_id="eth", from_amount=D("0.4"), to_asset_id="usdc", to_amount=D(600),
             status="failed", **fee, gas_price=D("0.0000000214")),
        transaction("deposit", protocol_name=None, from_asset_id=None, from_amount=None, to_asset_id="eth",
             to_amount=D(2), **fee, gas_price=D("0.00000000275")),
    )  # fmt: skip
    held = ledger.held(ledger.legs(done, ASSETS), at=AT)
    assert held.select("asset_id", "change").rows() == [("eth", D("0.5") - D("0.000312") - D("0.00214"))]


@pytest.mark.parametrize(
    ("symbols", "before", "after"),
    [
        pytest.param(("MATIC", "POL"), "matic", "pol", id="both names registered"),
        pytest.param(("POL",), "pol", "pol", id="the registry knows today's name alone"),
        pytest.param(("MATIC",), "matic", "matic", id="the registry still has the old name"),
    ],
)
def test_a_coin_that_changed_its_name_is_the_coin_of_its_day(symbols, before, after):
    """Polygon's gas was MATIC until 2024-09-04 and is POL since: one coin under two names."""
    done = with_gas(
        *(transaction(at=day, chain_id=137) for day in DAYS[1:]),
        assets=framed("assets", [coin(one) for one in symbols]),
    )
    assert done["gas_asset_id"].to_list() == [before, after]
    assert done["gas"].null_count() == 0


def test_an_asset_that_states_its_chains_stands_above_the_table():
    """Also for chains no one knows; of two that state one chain the name of the time decides."""
    stated = {"metadata": '{"native_of_chains": [137, 12345]}', "contract_address": "0x7"}
    assets = framed("assets", [coin("MATIC", **stated), coin("POL", metadata='{"native_of_chains": [137]}')])
    done = with_gas(
        *(transaction(at=day, chain_id=137) for day in DAYS[1:]), transaction(chain_id=12345), assets=assets
    )
    assert done["gas_asset_id"].to_list() == ["matic", "pol", "matic"]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"chain_id": 12345}, "chain 12345: its native coin is not known; add metadata.native_of_chains to the asset"),
        ({"chain_id": 56}, "chain 56: its native coin BNB is not among the assets; register it"),
        ({"timestamp": AT + timedelta(days=1)}, "the chain's own token has no price that day"),
        ({"gas_price": None}, "gas_price is missing"),
        ({"gas_used": None}, "gas_used is missing"),
        ({"gas_used": None, "gas_price": None}, "no gas was paid from the portfolio"),
        ({"status": "pending"}, "no gas was paid: pending: it is in no block yet"),
        ({"status": "replaced"}, "no gas was paid: replaced: another transaction took its place"),
        ({"gas_used": D(0), "chain_id": 12345}, None),
    ],
)
def test_gas_without_a_number_has_a_reason(columns, reason):
    """And no gas at all costs nothing on any chain."""
    done = with_gas(transaction(**columns))
    assert done["gas_reason"].item() == reason
    assert done["gas"].item() == (0 if reason is None else None)


def test_the_table_of_coins_has_one_name_for_a_chain_at_a_time():
    """Names follow one another without a gap or an overlap, each with its source."""
    for chain in {one.chain for one in NATIVE_COINS}:
        names = [one for one in NATIVE_COINS if one.chain == chain]
        assert names[0].since is None
        assert names[-1].until is None
        assert [one.until for one in names[:-1]] == [one.since for one in names[1:]]
    assert all(one.source for one in NATIVE_COINS)
    assert {one.symbol for one in NATIVE_COINS if one.chain == 137 and one.until == date(2024, 9, 4)} == {"MATIC"}


def test_one_moment_is_ordered_by_block_and_log_and_else_as_given():
    """Ids are random: they decide nothing."""
    rows = [
        transaction(id="a", block_number=2, note={"log_index": 1}),
        transaction(id="b", block_number=1),
        transaction(id="c", block_number=2, note={"transaction_index": 4, "log_index": 0}),
        transaction(id="d", block_number=2, note={"log_index": "0"}),
        transaction(id="z", block_number=1),
        transaction(id="e", at=AT - timedelta(seconds=1), block_number=9),
    ]
    assert "".join(activity.in_order(framed("transactions", rows))["id"]) == "ebzdac"


def test_legs_keep_the_order_of_what_happened():
    """Of one transaction gas leaves first, then what is given, then what is got; nothing is sorted by asset."""
    moved = ledger.legs(with_gas(transaction(), transaction(from_asset_id="eth", to_asset_id="usdc")), ASSETS)
    assert moved["asset_id"].to_list() == ["eth", "usdc", "eth", "eth", "eth", "usdc"]
    assert moved["cause"].to_list() == ["gas", "trade", "trade"] * 2
