"""Transfers between own accounts are matched whichever file came first, and undoing an import puts back what was there."""

# ruff: noqa: E501 - lines as vendors write them

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ys_analytics import ingest
from ys_analytics.errors import UsageError
from ys_analytics.ingest import ImportLog, ImportOptions
from ys_analytics.stores import Stores

from .test_vendor_ledgers import ME, MODERN, OTHER, line

NAME, NOW = "Across imports", datetime(2025, 7, 1, tzinfo=UTC)
ASKED = ImportOptions(register=True, chain="ethereum")
HASH = "0x" + "11" * 32
KRAKEN = (
    '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"\n'
    '"L1","D1","2024-01-05 10:00:00","deposit","","currency","XETH","5","0","5"\n'
    '"L2","W1","2024-01-06 10:00:00","withdrawal","","currency","XETH","-1.5","0.004","3.496"\n'
)
WHEN = int(datetime(2024, 1, 6, 10, 20, tzinfo=UTC).timestamp())
THEN = int(datetime(2024, 1, 9, 8, 0, tzinfo=UTC).timestamp())
WALLET = MODERN + line("0x" + "22" * 32, "18", str(WHEN), "2024-01-06 10:20:00", "0x" + "99" * 20, ME, "", "1.5", "0", "", "0.001", "", "", "", "", "Transfer")  # fmt: skip
MOVED = (HASH, "19", str(THEN), "2024-01-09 08:00:00", ME, OTHER, "")
WALLET += line(*MOVED, "0", "0.7", "", "0.002", "", "", "", "", "Transfer")
# A second row, so that the file names its owner.
COLD = MODERN + line(*MOVED, "0.7", "0", "", "0.002", "", "", "", "", "Transfer")
COLD += line("0x" + "33" * 32, "20", str(THEN + 60), "2024-01-09 08:01:00", OTHER, "0x" + "98" * 20, "", "0", "0.1", "", "0.003", "", "", "", "", "Transfer")  # fmt: skip
FILES = {"kraken.csv": KRAKEN, "wallet.csv": WALLET, "cold.csv": COLD}


@pytest.fixture
def empty(stores: Stores) -> Iterator[Stores]:
    stores.postgres.run("TRUNCATE users, assets, portfolios CASCADE")
    yield stores
    stores.postgres.run("TRUNCATE users, assets, portfolios CASCADE")


def held(stores: Stores) -> list[tuple[object, ...]]:
    """Every row as it is stored, whole."""
    names = "id::text, transaction_hash, chain_id, block_number, transaction_type::text, from_asset_id::text, to_asset_id::text, from_amount, to_amount, protocol_name, status::text, timestamp, metadata::text"
    return stores.postgres.rows(f"SELECT {names} FROM transactions ORDER BY timestamp, id")  # noqa: S608 - names of our own


def flows(stores: Stores) -> list[tuple[object, ...]]:
    return stores.postgres.rows("SELECT direction, sum(amount) FROM daily_external_flows GROUP BY 1 ORDER BY 1")


def put(folder: Path, names: tuple[str, ...]) -> list[Path]:
    paths = []
    for name in names:
        (folder / name).write_text(FILES[name])
        paths.append(folder / name)
    return paths


def add(stores: Stores, paths: list[Path], log: ImportLog) -> ingest.VendorImport:
    return ingest.import_vendor(stores, paths, options=ASKED, portfolio=NAME, create=True, log=log, now=NOW)


@pytest.mark.parametrize("order", list(itertools.permutations(FILES))[::2], ids=" then ".join)
def test_every_order_gives_the_rows_of_one_import_and_undo_gives_back_each_step(empty: Stores, tmp_path: Path, order: tuple[str, ...]) -> None:  # fmt: skip
    """Withdrawal and deposit, and both exports of one transfer, are no flows; no file adds a row twice; undo is exact."""
    stores = empty
    whole = ImportLog(tmp_path / "whole")
    paths = put(tmp_path, tuple(FILES))
    (tmp_path / "answers.toml").write_text(f'own = ["{ME}", "{OTHER}"]\n')
    at_once = add(stores, paths, whole)
    right, crossed = held(stores), flows(stores)
    assert crossed == [("in", 5), ("out", Decimal("0.1"))]
    assert sum(row[4] == "bridge" for row in right) == 2
    whole.undo(stores, at_once.id)
    assert held(stores) == []

    log, steps, made = ImportLog(tmp_path / "log"), [held(stores)], []
    for name in order:
        made.append(add(stores, put(tmp_path, (name,)), log))
        steps.append(held(stores))
    assert not [pair for pair in zip(steps[-1], right, strict=True) if pair[0] != pair[1]]
    assert flows(stores) == crossed
    for names in ((order[0],), (order[1], order[2]), tuple(FILES)):
        assert add(stores, put(tmp_path, names), log).added == {"transactions": 0}
        assert held(stores) == right
    if order[0] != "wallet.csv":
        with pytest.raises(UsageError, match="joined transfers of it with its own; undo that first"):
            log.undo(stores, made[0].id)
    for one, before in zip(reversed(made), reversed(steps[:-1]), strict=True):
        log.undo(stores, one.id)
        assert held(stores) == before
