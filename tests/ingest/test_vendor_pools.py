"""Pools, swaps and yields of vendors become rows of their tables, whole units divided by the token's own decimals."""

# ruff: noqa: E501 - lines as vendors write them

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import detecting, pools, raw_tables
from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems

USDC, WETH, POOL = "0x" + "a0" * 20, "0x" + "c0" * 20, "0x" + "90" * 20
HASH = "0x" + "ab" * 32
AT = ImportOptions(at="2026-11-22T00:00:00Z", chain="")


def known() -> Assets:
    """USDC with 6 decimals and WETH with 18."""
    rows = [("USDC", USDC, 6), ("WETH", WETH, 18)]
    return Assets(
        [
            Asset(id=symbol, symbol=symbol, chain=1, contract=contract, decimals=places, vendor=None, name=symbol)
            for symbol, contract, places in rows
        ]
    )


def read(
    folder: Path, name: str, content: str | bytes, options: ImportOptions = AT
) -> tuple[list[dict], tuple[str, ...]]:
    """The rows of a file and what is said of them."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = Problems(table="t", grouped=True)
    [file] = raw_tables.open_file(path)
    table, _ = detecting.detect(file)
    if table.layout.kind == "yields":
        rows, _ = pools.yields(table, options, problems)
    else:
        rows, _ = pools.swaps(table, known(), options, problems)
    problems.raise_if_any(order=[name])
    return rows.to_dicts(), problems.remark_lines()


def pool(**changes: object) -> dict[str, object]:
    """A pool as DefiLlama's API lists it."""
    return {
        "chain": "Ethereum", "project": "aave-v3", "symbol": "USDC", "tvlUsd": 1234567, "apyBase": 3.5, "apyReward": None,
        "apy": 3.5, "pool": "aa70268e", "ilRisk": "no", "exposure": "single", "predictions": {"binnedConfidence": 1},
    } | changes  # fmt: skip


def test_yields_in_percent_become_fractions(tmp_path: Path) -> None:
    """3.5 percent is 0.035; no programme of rewards is none; the moment is the one that is stated."""
    text = json.dumps(
        {"status": "success", "data": [pool(), pool(pool="b", apyReward=12.25, ilRisk="yes", chain="Arbitrum")]}
    )
    rows, said = read(tmp_path, "pools.json", text)
    assert [row["apy"] for row in rows] == [Decimal("0.035")] * 2
    assert [row["rewards_apr"] for row in rows] == [0, Decimal("0.1225")]
    assert [row["impermanent_loss_risk"] for row in rows] == [0, 1]
    assert [row["chain_id"] for row in rows] == [1, 42161]
    assert rows[0]["timestamp"] == datetime(2026, 11, 22, tzinfo=UTC)
    assert "1 value of apyReward not stated: taken as none" in said


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({"apy": "3,5"}, AT, "item 2: apy: '3,5' is not a number"),
        ({"chain": "Atlantis"}, AT, "'Atlantis' is no chain that is known"),
        ({"ilRisk": "maybe"}, AT, "is neither yes nor no"),
        ({"tvlUsd": -1}, AT, "is a negative TVL"),
        ({}, ImportOptions(), "its rows have no time; say of which moment"),
    ],
)
def test_a_pool_that_cannot_be_read_is_named(tmp_path: Path, change: dict, options: ImportOptions, reason: str) -> None:
    """By its place in the list and its column."""
    with pytest.raises((ContractError, UsageError), match=reason):
        read(tmp_path, "pools.json", json.dumps({"data": [pool(), pool(pool="b", **change)]}), options)


def test_the_history_of_a_pool_is_of_the_protocol_its_list_names(tmp_path: Path) -> None:
    """The pool's id is in the file's name; a history without its list is asked about."""
    id_ = "aa70268e-4b52-42bf-a116-608b370f9501"
    text = json.dumps({"status": "success", "data": [
        {"timestamp": "2024-05-01T23:01:12.000Z", "tvlUsd": 1000, "apy": 3.5, "apyBase": 3.25, "apyReward": 0.25, "il7d": None, "apyBase7d": None},
    ]})  # fmt: skip
    (tmp_path / f"{id_}.json").write_text(text)
    [file] = raw_tables.open_file(tmp_path / f"{id_}.json")
    table, _ = detecting.detect(file)
    with pytest.raises(UsageError, match=r"which protocol and chain is the pool aa70268e.* of"):
        pools.yields(table, ImportOptions(), Problems(table="t"))
    rows, _ = pools.yields(table, ImportOptions(), Problems(table="t"), listed=("aave-v3", 1))
    [row] = rows.to_dicts()
    assert (row["protocol_name"], row["pool_address"], row["chain_id"]) == ("aave-v3", id_, 1)
    assert [row[name] for name in ("apy", "trading_fees_apr", "rewards_apr")] == [Decimal(one) for one in ("0.035", "0.0325", "0.0025")]  # fmt: skip
    assert row["timestamp"] == datetime(2024, 5, 1, 23, 1, 12, tzinfo=UTC)


TRADE = {
    "blockchain": "ethereum", "project": "uniswap", "version": "3", "block_time": "2024-05-01 10:00:11.000 UTC",
    "block_number": "19770000", "token_bought_symbol": "WETH", "token_sold_symbol": "USDC",
    "token_bought_amount_raw": "500000000000000000", "token_sold_amount_raw": "1500250000", "token_bought_address": WETH,
    "token_sold_address": USDC, "project_contract_address": POOL, "tx_hash": HASH,
}  # fmt: skip
SWAP = {
    "chain_id": 1, "token0_address": USDC, "token1_address": WETH, "amount0": Decimal("1500.25"), "amount1": Decimal("-0.5"),
    "price": Decimal("0.000333277787035494"), "transaction_hash": HASH, "block_number": 19_770_000,
    "timestamp": datetime(2024, 5, 1, 10, 0, 11, tzinfo=UTC), "dex_name": "uniswap", "pair_address": POOL,
}  # fmt: skip


def test_dune_trades_are_read_from_csv_and_parquet(tmp_path: Path) -> None:
    """uint256 as text or number, addresses as text or bytes: the pool got 1500.25 USDC and gave half a WETH."""
    text = ",".join(TRADE) + "\n" + ",".join(TRADE.values()) + "\n"
    assert read(tmp_path, "trades.csv", text)[0] == [SWAP]
    frame = pl.DataFrame(
        {
            name: [bytes.fromhex(value[2:])] if value.startswith("0x") else [value]
            for name, value in TRADE.items()
        }
    ).with_columns(
        pl.col("block_number").cast(pl.Int64),
        pl.col("token_bought_amount_raw").cast(pl.Decimal(38, 0)),
        block_time=pl.lit(SWAP["timestamp"]),
    )  # fmt: skip
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    assert read(tmp_path, "trades.parquet", buffer.getvalue())[0] == [SWAP]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"token_sold_address": "0x" + "dd" * 20}, "token whose decimals are not registered"),
        ({"token_sold_amount_raw": "1500.25"}, "is no whole number of units"),
        ({"token_sold_amount_raw": "1" + "0" * 60}, "has more digits than an amount holds"),
        ({"token_bought_amount_raw": "-5"}, "is no whole number of units"),
        ({"tx_hash": "0xab"}, "is no transaction hash"),
    ],
)
def test_an_amount_in_unknown_units_is_refused(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    """Decimals come from the registry by chain and contract; without them no amount is made up."""
    trade = TRADE | change
    with pytest.raises(ContractError, match=reason):
        read(tmp_path, "trades.csv", ",".join(trade) + "\n" + ",".join(trade.values()) + "\n")


def test_swaps_of_a_subgraph_are_read(tmp_path: Path) -> None:
    """Amounts are of the pool; the chain, which a subgraph does not name, is stated or asked for."""
    swap = {
        "id": f"{HASH}#1", "timestamp": "1714557611", "amount0": "1500.25", "amount1": "-0.5", "amountUSD": "1500",
        "transaction": {"id": HASH, "blockNumber": "19770000"},
        "pool": {"id": POOL, "token0": {"id": USDC, "symbol": "USDC", "decimals": "6"}, "token1": {"id": WETH, "symbol": "WETH"}},
    }  # fmt: skip
    text = json.dumps({"data": {"swaps": [swap]}})
    assert read(tmp_path, "swaps.json", text, ImportOptions(chain="ethereum"))[0] == [SWAP | {"dex_name": "uniswap_v3"}]
    with pytest.raises(UsageError, match="add --chain ethereum"):
        read(tmp_path, "swaps.json", text, ImportOptions())
    wrong = json.dumps({"data": {"swaps": [swap | {"amount1": "0.5"}]}})
    with pytest.raises(ContractError, match="has the sign of the other amount"):
        read(tmp_path, "swaps.json", wrong, ImportOptions(chain="ethereum"))


def test_a_protocols_tvl_is_recognised_and_refused_with_a_way_on(tmp_path: Path) -> None:
    """No table holds it; the message says what does hold the TVL of pools."""
    text = json.dumps({"tvl": [{"date": 1704067200, "totalLiquidityUSD": 5}]})
    with pytest.raises(UsageError, match=r"no table holds .* in defillama-yields"):
        read(tmp_path, "aave.json", text)
