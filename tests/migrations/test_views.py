"""The two materialized views: what they say, and that readers never wait for them."""

from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics, migrations
from ys_analytics.schemas.outcomes import OUTCOMES

OWNER, TOKEN, COIN = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def house(swept):
    """A migrated database with one portfolio and two assets, one of them a coin without a chain."""
    swept.postgres.run(
        f"""
        INSERT INTO users (id, email, username, password_hash) VALUES ('{OWNER}', 'a', 'b', 'c');
        INSERT INTO portfolios (id, user_id, name) VALUES ('{OWNER}', '{OWNER}', 'p');
        INSERT INTO assets (id, symbol, name, asset_type, chain_id)
        VALUES ('{TOKEN}', 'USDC', 'USD Coin', 'crypto', 1), ('{COIN}', 'BTC', 'Bitcoin', 'crypto', NULL);
        """  # noqa: S608 - constants
    )
    return swept


def act(house, kind, **columns):
    """One transaction, confirmed on 22 November 2026 unless stated otherwise."""
    row = {
        "from_asset_id": None,
        "from_amount": None,
        "to_asset_id": None,
        "to_amount": None,
        "protocol_name": None,
        "status": "confirmed",
        "metadata": "{}",
        "timestamp": "2026-11-22 12:00:00+00",
    } | columns
    row |= {"kind": kind, "owner": OWNER}
    house.postgres.run(
        """
        INSERT INTO transactions (portfolio_id, transaction_hash, chain_id, block_number, transaction_type,
            from_asset_id, from_amount, to_asset_id, to_amount, protocol_name, status, metadata, timestamp)
        VALUES (%(owner)s, gen_random_uuid()::text, 1, 1, %(kind)s, %(from_asset_id)s, %(from_amount)s,
            %(to_asset_id)s, %(to_amount)s, %(protocol_name)s, %(status)s, %(metadata)s, %(timestamp)s)
        """,
        row,
    )


def flows(house):
    """Direction, rule, asset, amount and number of flows, after a refresh."""
    migrations.refresh(house)
    return house.postgres.rows(
        "SELECT direction, rule, asset_id::text, amount, flows FROM daily_external_flows ORDER BY 1, 2, 3 NULLS LAST"
    )


ARRIVED = {"to_asset_id": TOKEN, "to_amount": "10"}
LEFT = {"from_asset_id": TOKEN, "from_amount": "4"}
EXTERNAL, INTERNAL = '{"flow": "external"}', '{"flow": "internal"}'


@pytest.mark.parametrize(
    ("kind", "columns", "flow"),
    [
        pytest.param("deposit", ARRIVED, ("in", "protocol", TOKEN, 10, 1), id="a deposit without a protocol"),
        pytest.param("deposit", ARRIVED | {"protocol_name": "aave"}, None, id="a deposit into a protocol"),
        pytest.param("deposit", ARRIVED | {"protocol_name": " "}, ("in", "protocol", TOKEN, 10, 1), id="a blank one"),
        pytest.param("deposit", ARRIVED | {"metadata": INTERNAL}, None, id="called internal"),
        pytest.param(
            "deposit",
            ARRIVED | {"metadata": EXTERNAL, "protocol_name": "aave"},
            ("in", "override", TOKEN, 10, 1),
            id="called external in spite of its protocol",
        ),
        pytest.param(
            "deposit", ARRIVED | {"metadata": '{"flow": "sideways"}'}, ("in", "protocol", TOKEN, 10, 1), id="nonsense"
        ),
        pytest.param("withdraw", LEFT, ("out", "protocol", TOKEN, 4, 1), id="a withdrawal without a protocol"),
        pytest.param("withdraw", LEFT | {"protocol_name": "aave"}, None, id="a withdrawal from a protocol"),
        pytest.param("withdraw", ARRIVED, ("out", "protocol", TOKEN, 10, 1), id="a withdrawal by its other leg"),
        pytest.param("deposit", LEFT, ("in", "protocol", TOKEN, 4, 1), id="a deposit by its other leg"),
        pytest.param("deposit", {}, ("in", "protocol", None, None, 1), id="a deposit of nothing anybody wrote down"),
        pytest.param("claim", ARRIVED, None, id="a claim"),
        pytest.param(
            "claim", ARRIVED | {"metadata": EXTERNAL}, ("in", "override", TOKEN, 10, 1), id="an airdrop called external"
        ),
        *(
            pytest.param(
                "deposit",
                ARRIVED | {"status": one.status, "metadata": EXTERNAL},
                ("in", "override", TOKEN, 10, 1) if one.moves else None,
                id=f"{one.status}, as `schemas.outcomes` says",
            )
            for one in OUTCOMES
        ),
    ],
)
def test_the_flow_rule_of_the_view_is_that_of_the_metrics(house, kind, columns, flow):
    """Ruling by ruling, the same as `metrics.classify_flows` says of the same row."""
    act(house, kind, **columns)
    assert flows(house) == ([flow] if flow else [])
    row = {"transaction_type": kind, "protocol_name": None, "status": "confirmed", "metadata": "{}"} | columns
    said = metrics.classify_flows(pl.DataFrame([row], schema_overrides={"protocol_name": pl.String}))["flow"].item()
    assert (said == "external") == (flow is not None)


def test_flows_add_up_by_day_in_utc_and_exactly(house):
    """A day ends at midnight UTC; eighteen decimals stay; a missing amount makes the sum unknown, not smaller."""
    tiny = {"to_asset_id": TOKEN, "to_amount": "0.000000000000000001"}
    act(house, "deposit", **ARRIVED, timestamp="2026-11-22 00:00:00+00")
    act(house, "deposit", **tiny, timestamp="2026-11-22 23:59:59.999999+00")
    act(house, "deposit", **ARRIVED, timestamp="2026-11-23 00:00:00+00")
    act(house, "deposit", to_asset_id=TOKEN, timestamp="2026-11-23 01:00:00+00")
    migrations.refresh(house)
    assert house.postgres.rows("SELECT day::text, amount, flows FROM daily_external_flows ORDER BY day") == [
        ("2026-11-22", Decimal("10.000000000000000001"), 2),
        ("2026-11-23", None, 2),
    ]


def hold(house, asset, value, kind="spot", **where):
    """One position."""
    house.postgres.run(
        """
        INSERT INTO portfolio_positions (portfolio_id, asset_id, quantity, average_cost, current_value,
            allocation_percentage, position_type, protocol_address, chain_id)
        VALUES (%(owner)s, %(asset)s, 1, 1, %(value)s, 0, %(kind)s, %(protocol)s, %(chain)s)
        """,
        {"owner": OWNER, "asset": asset, "value": value, "kind": kind, "protocol": None, "chain": None} | where,
    )


def test_exposure_nets_debts_and_finds_the_chain(house):
    """By asset type, contract and chain; a position without a chain takes its asset's, a coin without one is 0."""
    hold(house, TOKEN, 100, "lending", protocol="0xaave", chain=1)
    hold(house, TOKEN, -30, "borrowing", protocol="0xaave", chain=1)
    hold(house, TOKEN, 5)
    hold(house, COIN, 7)
    migrations.refresh(house)
    found = house.postgres.rows(
        "SELECT asset_type::text, protocol_address, chain_id, value, positions FROM current_exposure ORDER BY 2, 3"
    )
    assert found == [("crypto", "", 0, 7, 1), ("crypto", "", 1, 5, 1), ("crypto", "0xaave", 1, 70, 2)]


def test_a_refresh_waits_for_no_reader(house, home, connect):
    """A reader in the middle of the view neither blocks the refresh nor sees it."""
    act(house, "deposit", **ARRIVED)
    with connect(home) as reader, reader.postgres.snapshot():
        assert reader.postgres.rows("SELECT count(*) FROM daily_external_flows") == [(0,)]
        assert migrations.refresh(house) == ["daily_external_flows", "current_exposure"]
        assert house.postgres.rows("SELECT count(*) FROM daily_external_flows") == [(1,)]
        assert reader.postgres.rows("SELECT count(*) FROM daily_external_flows") == [(0,)]
