"""Turn files of one owner's wallets and exchanges into transactions of a portfolio.

Depends on the modules that read each kind of file. Does not write anything but the file of questions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.ingest import chain_files, settling, transactions, transfers
from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import Assets
from ys_analytics.ingest.earlier import StoredTransactions
from ys_analytics.ingest.entries import Entry
from ys_analytics.ingest.ledger_files import LedgerFile, StatedBalance
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.schemas import MONEY, TIME

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The user that owns imported portfolios: no one can log in as it.
_OWNER = str(uuid5(NAMESPACE_URL, "ys-analytics/user/import"))
STATED_BALANCES = {"account": pl.String(), "asset_id": pl.String(), "timestamp": TIME, "balance": MONEY}


@dataclass(frozen=True, slots=True)
class PortfolioRows:
    """The transactions and stated balances that the files of a portfolio hold.

    Attributes:
        rows: Rows of `transactions`.
        origin: file, place and number of each row.
        stated: Balances that files state: account, asset_id, timestamp, balance.
        replaced: Rows of earlier imports that give way: sides of transfers whose other side these files have.
        present: Rows that the store has as a side of a transfer.
    """

    rows: pl.DataFrame
    origin: pl.DataFrame
    stated: pl.DataFrame
    replaced: pl.DataFrame
    present: int = 0


def read(
    stores: "Stores",
    tables: Sequence[RawTable],
    *,
    portfolio: str,
    assets: Assets,
    options: ImportOptions,
    problems: Problems,
    answers: Answers,
) -> PortfolioRows:
    """The transactions of one portfolio, from all of its files together.

    Args:
        stores: PostgreSQL, for the hashes that other portfolios have.
        tables: Files of kind `ledger` and `chain`.
        portfolio: Its id.
        assets: The registry.
        options: What the user states.
        problems: Collects problems and remarks.
        answers: Questions and answers of the import.
    """
    entries: list[Entry] = []
    stated: list[StatedBalance] = []
    for table in tables:
        if table.layout.kind == "ledger":
            file = LedgerFile(table, assets, problems, answers, register=options.register, account=options.account)
            entries += file.entries()
            stated += file.stated_balances
    chains = chain_files.ChainFiles(assets, problems, answers, chain=options.chain, register=options.register)
    entries += chains.entries([file for file in tables if file.layout.kind == "chain"])
    entries = _merged(entries)
    own_addresses = frozenset({*answers.own_addresses, *chains.wallets})
    stored = StoredTransactions.load(stores, portfolio, assets)

    def row_of(entry: Entry) -> str:
        return transactions.row_id(entry, portfolio)

    for entry in entries:
        if entry.kind == "bridge" and entry.hash:
            entry.arrival_row = row_of(entry)
    known = stored.matched_pairs(entries, row_of)
    entries = transfers.match(
        entries,
        problems,
        answers,
        own_addresses=lambda address: address in own_addresses or chain_files.account(address) in stored.accounts,
        is_bridge=chain_files.is_bridge,
        stored_sides=stored.transfer_sides(entries, row_of),
        known_pairs=known,
        row_of=row_of,
    )
    entries = settling.with_cash(settling.with_deposits(entries, answers), problems, answers)
    rows, origin = transactions.rows(
        entries, portfolio=portfolio, taken_hashes=_taken_hashes(stores, entries, portfolio)
    )
    reconciled = stored.reconcile(rows, origin)
    balances = [(balance.account, balance.asset.id, balance.time, balance.balance) for balance in stated]
    stated_rows = pl.DataFrame(balances, schema=STATED_BALANCES, orient="row")
    return PortfolioRows(reconciled.rows, reconciled.origin, stated_rows, reconciled.replaced, reconciled.present)


def _merged(entries: Sequence[Entry]) -> list[Entry]:
    """Entries in order of time; one that two files state in the same way is one."""
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.key, entry)
    return sorted(first.values(), key=lambda entry: entry.time)


def _taken_hashes(stores: "Stores", entries: Sequence[Entry], portfolio: str) -> frozenset[str]:
    """Hashes under which other portfolios have a transaction: a hash is accepted once."""
    hashes = [entry.hash for entry in entries if entry.hash]
    found = stores.postgres.rows(
        "SELECT transaction_hash FROM transactions WHERE transaction_hash = ANY(%(hashes)s)"
        " AND portfolio_id::text <> %(portfolio)s",
        {"hashes": hashes, "portfolio": portfolio},
    )
    return frozenset(str(hash_) for (hash_,) in found)


def find(stores: "Stores", name: str) -> str | None:
    """The id of a portfolio by id or name; None where there is none.

    Raises:
        UsageError: several have that name.
    """
    matching = stores.postgres.rows(
        "SELECT id::text FROM portfolios WHERE id::text = %(name)s OR name = %(name)s", {"name": name}
    )
    if len(matching) > 1:
        raise UsageError(f"{len(matching)} portfolios are called {name!r}; name it by its id")
    return str(matching[0][0]) if matching else None


def create(stores: "Stores", name: str, *, since: datetime) -> str:
    """Open a portfolio for files of this workspace, without limits or targets; its id follows from its name.

    Args:
        stores: PostgreSQL as the owner.
        name: What it is called.
        since: When its first transaction was.
    """
    id_ = str(uuid5(NAMESPACE_URL, f"ys-analytics/portfolio/{name}"))
    stores.postgres.run(
        "INSERT INTO users (id, email, username, password_hash, user_type, kyc_status, created_at, updated_at)"
        " VALUES (%(id)s, 'import@localhost.invalid', 'import', '!', 'retail', 'pending', %(since)s, %(since)s)"
        " ON CONFLICT DO NOTHING",
        {"id": _OWNER, "since": since},
    )
    stores.postgres.run(
        "INSERT INTO portfolios (id, user_id, name, description, risk_profile, target_allocation, rebalancing_strategy,"
        " max_drawdown, target_return, is_active, created_at, updated_at) VALUES (%(id)s, %(user)s, %(name)s,"
        " 'Imported from files.', 'custom', %(target)s, NULL, NULL, NULL, true, %(since)s, %(since)s)"
        " ON CONFLICT DO NOTHING",
        {"id": id_, "user": _OWNER, "name": name, "target": json.dumps({}), "since": since},
    )
    return id_


def close(stores: "Stores", name: str) -> None:
    """Delete a portfolio that was opened for an import that failed."""
    stores.postgres.run("DELETE FROM portfolios WHERE id::text = %(id)s", {"id": id_of(name)})


def id_of(name: str) -> str:
    """The id that a portfolio of this name would get."""
    return str(uuid5(NAMESPACE_URL, f"ys-analytics/portfolio/{name}"))


def was_opened_by_import(stores: "Stores", id_: str) -> bool:
    """Whether a portfolio was opened by an import: its id follows from its name then."""
    found = stores.postgres.rows("SELECT name FROM portfolios WHERE id::text = %(id)s", {"id": id_})
    return any(id_ == id_of(str(name)) for (name,) in found)


def is_imported(stores: "Stores", id_: str) -> bool:
    """Whether a portfolio was opened by an import, or has no snapshot yet."""
    ours = stores.postgres.rows(
        "SELECT 1 FROM portfolios WHERE id::text = %(id)s AND user_id::text = %(owner)s", {"id": id_, "owner": _OWNER}
    )
    if ours:
        return True
    snapshots = stores.clickhouse.rows(
        "SELECT 1 FROM portfolio_snapshots WHERE portfolio_id = {id:String} LIMIT 1", {"id": id_}
    )
    return not snapshots
