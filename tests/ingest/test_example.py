"""The tutorial's files: three wallets, two chains, two exchanges and 18 months, to the values reckoned by hand."""

import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ys_analytics import ingest
from ys_analytics.errors import ContractError
from ys_analytics.ingest import ImportLog, ImportOptions
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example"
NAME = "Example wallets"
NOW = datetime(2025, 7, 1, tzinfo=UTC)

# What is held at the end, by hand: each file's rows added up, fees and gas taken off.
HELD = {
    # 0.0975 at Kraken, 0.5407 and 0.6876 on Ethereum, 0.29957 on Optimism.
    "ETH": Decimal("1.62537"),
    "WETH": Decimal("0.25"),
    # 100 at Coinbase, 1430 in the second wallet.
    "USDC on 1": Decimal(1530),
    "USDC on 10": Decimal(230),
    "EUR": Decimal("7036.75"),
}
# 1.62537 and 0.25 at 2600, 1760 at 1, 7036.75 at 1.12.
WORTH = Decimal("14517.122")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "example")
    return tmp_path / "example"


@pytest.fixture
def built(stores: Stores) -> Iterator[Stores]:
    """Stores that know no asset and no portfolio before and after."""
    _empty(stores)
    yield stores
    _empty(stores)


def _empty(stores: Stores) -> None:
    stores.postgres.run("TRUNCATE users, assets, portfolios CASCADE")
    for name in ("market_data", "portfolio_snapshots", "risk_metrics"):
        stores.clickhouse.run(f"TRUNCATE TABLE {name}")


def answer(path: Path, replies: dict[str, str]) -> None:
    """Write answers as a person would: by what is asked."""
    text = path.read_text()
    for one in tomllib.loads(text)["question"]:
        reply = next((value for said, value in replies.items() if said in one["about"]), "")
        part = text[text.index(one["id"]) :]
        text = text.replace(part, part.replace('answer = ""', f'answer = "{reply}"', 1), 1) if reply else text
    path.write_text(text)


def test_from_a_folder_of_files_to_what_a_report_needs(built: Stores, folder: Path) -> None:
    """One import of the whole folder with its questions, the values by hand; again adds nothing, undo takes all."""
    stores, log = built, ImportLog(folder.parent / "log")
    register = ImportOptions(register=True)

    def add() -> ingest.VendorImport:
        return ingest.import_vendor(stores, [folder], options=register, portfolio=NAME, create=True, log=log, now=NOW)

    with pytest.raises(ContractError, match="4 questions are open") as caught:
        add()
    assert "0xa1" not in str(caught.value)
    assert stores.postgres.rows("SELECT 1 FROM portfolios WHERE name = %(name)s", {"name": NAME}) == []
    answer(folder / "answers.toml", {"paid 3010 USD": "outside", "wallet-3": "optimism", "on which chain": "ethereum"})

    made = add()
    assert made.added == {"market_data": 2735, "transactions": 21}
    assert ingest.outdated(stores, NAME) == "it was not built yet"
    said = str(made)
    assert said.count("matched by amount and time") == 2
    assert said.count("matched as a bridge") == 1
    assert "1 row of the unasked token 0x6666" in said
    assert add().added["transactions"] == 0

    result = ingest.build(stores, NAME, until=date(2025, 6, 30), log=log)
    assert (result.snapshots, result.days, result.gaps, result.shortages) == (543, 543, (), ())
    assert (result.agreed, result.differences) == (2, ())
    assert result.value == WORTH
    assert ingest.outdated(stores, NAME) == ""
    check_positions(stores, result.portfolio)
    check_snapshots(stores, result.portfolio)
    check_flows(stores, result.portfolio)

    later = folder / "prices" / "eth-usd-7d.csv"
    later.write_text("snapped_at,price,market_cap,total_volume\n2025-07-01 00:00:00 UTC,2700,0,0\n")
    assert ingest.import_vendor(stores, [later], log=log, now=NOW).added == {"market_data": 1}
    assert ingest.outdated(stores, NAME) == ""  # the other assets have no price on that day
    stores.postgres.run(
        "UPDATE transactions SET to_amount = to_amount + 1 WHERE from_amount IS NULL AND portfolio_id::text = %(id)s",
        {"id": result.portfolio},
    )
    assert ingest.outdated(stores, NAME) == "its transactions or prices were changed since"

    gone = log.undo(stores, made.id)
    assert {name: gone[name] for name in made.added} == made.added
    assert stores.clickhouse.rows("SELECT count() FROM market_data WHERE source = 'coingecko'") == [(1,)]


def check_positions(stores: Stores, id_: str) -> None:
    found = stores.postgres.rows(
        "SELECT symbol, a.chain_id, quantity, position_type::text FROM portfolio_positions p"
        " JOIN assets a ON a.id = asset_id"
        " WHERE portfolio_id::text = %(id)s",
        {"id": id_},
    )
    held = {f"{symbol} on {chain}" if symbol == "USDC" else symbol: amount for symbol, chain, amount, _ in found}
    assert held == HELD
    assert {kind for *_, kind in found} == {"spot"}


def check_snapshots(stores: Stores, id_: str) -> None:
    rows = stores.clickhouse.scan(
        "portfolio_snapshots", "portfolio_id = {id:String}", {"id": id_}, schema=TABLES["portfolio_snapshots"].schema
    ).sort("timestamp")
    values = {row["timestamp"].date(): row["total_value"] for row in rows.iter_rows(named=True)}
    # 10,000 EUR at 1.10; then 5,790 EUR and 2 ETH at 2300.
    assert values[date(2024, 1, 5)] == Decimal(11000)
    assert values[date(2024, 1, 31)] == Decimal(10969)
    # 5,790 EUR at 1.10; 100 USDC at Coinbase, 400 in the wallet and 1000 in the vault; at 3300 the ETH at Kraken and in
    # the three wallets, and the WETH.
    ether = Decimal("0.4975") + Decimal("0.3922") + Decimal("0.6891") + Decimal("0.3996") + Decimal("0.5")
    assert values[date(2024, 7, 2)] == 6369 + 1500 + ether * 3300
    assert rows["daily_return"][0] == 0


def check_flows(stores: Stores, id_: str) -> None:
    found = stores.postgres.rows(
        "SELECT direction, symbol, sum(amount) FROM daily_external_flows JOIN assets a ON a.id = asset_id"
        " WHERE portfolio_id::text = %(id)s GROUP BY direction, symbol ORDER BY 1, 2",
        {"id": id_},
    )
    assert found == [("in", "EUR", Decimal(10000)), ("in", "USD", Decimal(3010)), ("out", "ETH", Decimal("0.1"))]


def test_a_missing_file_is_seen_in_the_balances(built: Stores, folder: Path) -> None:
    """Without Kraken's ledger the first wallet spends what never came: the build says what, when and how much."""
    stores, files = built, folder / "files"
    (files / "kraken-ledgers.csv").unlink()
    for name in ("wallet-2", "wallet-3", "coinbase"):
        for path in files.glob(f"{name}*"):
            path.unlink()
    lines = (files / "wallet-1-transactions.csv").read_text().splitlines()
    (files / "wallet-1-transactions.csv").write_text("\n".join([lines[0], *lines[2:]]) + "\n")
    register = ImportOptions(register=True, chain="ethereum")
    (files / "wallet-1-erc20.csv").unlink()
    ingest.import_vendor(stores, [folder / "prices"], options=register)
    ingest.import_vendor(stores, [files], options=register, portfolio=NAME, create=True)
    with pytest.raises(ContractError, match=r"ETH \(spot\) goes below zero on 2024-02-15 08:00:00"):
        ingest.build(stores, NAME, until=date(2025, 6, 30))
    assert stores.clickhouse.rows("SELECT count() FROM portfolio_snapshots") == [(0,)]
