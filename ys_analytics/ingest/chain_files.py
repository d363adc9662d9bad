"""Read exports of block explorers: transactions, internal ones and token transfers of an address, joined by hash.

Depends on `vendor_cells`, the registry and the answers. Does not write an address of the owner anywhere: accounts are
called by a digest of it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import polars as pl

from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import Asset, Assets, chain_number
from ys_analytics.ingest.entries import Entry, Move, Place
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import CHAINS
from ys_analytics.schemas.coins import NATIVE_COINS

_ADDRESS = r"^0x[0-9a-f]{40}$"
_HASH = r"^0x[0-9a-f]{64}$"
_SYMBOL = re.compile(r"\(([A-Za-z]+)\)")
_ZERO = "0x" + "0" * 40
_CHAIN_CHOICES = ("ethereum", "optimism", "arbitrum", "base", "linea", "zksync", "bsc")

# The contract that wraps each chain's coin, one for one. Source: the chains' own documentation of predeployed or
# canonical contracts, seen 2026-11-27.
WRAPPERS = {
    1: "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    10: "0x4200000000000000000000000000000000000006",
    56: "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c",
    100: "0xe91d153e0b41518a2ce8dd3d7944fa863463a97d",
    137: "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270",
    8453: "0x4200000000000000000000000000000000000006",
    42161: "0x82af49447d8a07e3bd95bd0d56f35241523fbab1",
    43114: "0xb31f66aa3c1e785363f0875a1b74e27b85fd66c7",
    59144: "0xe5d7c2a44ffddf6b295a15c148167daaaf5cf34f",
}
_PLAIN_TRANSFERS = frozenset({"", "transfer", "0x", "0xa9059cbb", "send", "sendmultisig", "withdraw eth", "withdrawal"})
_APPROVAL_NAMES = re.compile(r"(?i)^(set ?)?approv|^increase ?allowance|^permit|^revoke|^set approval")
_SUPPLY_NAMES = re.compile(r"(?i)deposit|supply|stake|mint|add ?liquidity|join|enter|lock|repay")
_WITHDRAWAL_NAMES = re.compile(
    r"(?i)withdraw|redeem|unstake|claim|harvest|burn|remove ?liquidity|exit|unlock|borrow|get ?reward"
)
_CLAIM_NAMES = re.compile(r"(?i)claim|harvest|get ?reward")
_BRIDGE_NAMES = re.compile(
    r"(?i)bridge|cross ?chain|send ?token|deposit ?v3|l1 ?message|deposit ?eth|deposit ?erc20|send ?to ?l|relay"
)


def account(address: str) -> str:
    """A stable name for an address of the owner that does not reveal the address.

    >>> account("0x00000000000000000000000000000000000000a1")
    'wallet-4bfe24'
    """
    return f"wallet-{sha256(address.lower().encode()).hexdigest()[:6]}"


@dataclass(slots=True)
class _Row:
    """One row of one export."""

    part: str
    wallet: str
    time: datetime
    hash: str
    block: int
    sender: str
    receiver: str
    place: Place
    asset: Asset | None = None
    received: Decimal = Decimal(0)
    sent: Decimal = Decimal(0)
    fee: Decimal | None = None
    l1_fee: Decimal | None = None
    failed: bool = False
    method: str = ""


@dataclass(slots=True)
class ChainFiles:
    """All exports of block explorers of one import.

    Attributes:
        assets: The registry.
        problems: Collects what is wrong.
        answers: Questions and answers of the import.
        chain: What the user says of the chain of all of them.
        register: Whether tokens that the owner moved are registered.
    """

    assets: Assets
    problems: Problems
    answers: Answers
    chain: str = ""
    register: bool = False
    wallets: set[str] = field(default_factory=set)
    quarantined: dict[tuple[int, str], tuple[str, list[Place]]] = field(default_factory=dict)

    @all_digits()
    def entries(self, tables: Sequence[RawTable]) -> list[Entry]:
        """The events of all files, one for each transaction."""
        owners = self._owners(tables)
        self.wallets |= {owner for owner in owners if owner}
        grouped: dict[tuple[int, str], list[_Row]] = {}
        parts_present: set[tuple[int, str, str]] = set()
        for table, wallet, chain in zip(tables, owners, self._chains(tables), strict=True):
            if not wallet or chain is None:
                continue
            parts_present.add((chain, wallet, str(table.layout.options["part"])))
            for row in self._rows(table, wallet, chain):
                grouped.setdefault((chain, row.hash), []).append(row)
        entries = [self._entry(chain, rows, parts_present) for (chain, _), rows in grouped.items()]
        self._remark_quarantine()
        return [entry for entry in entries if entry is not None]

    # Owners and chains

    def _owners(self, tables: Sequence[RawTable]) -> list[str]:
        """The owner's address of each file: the one that is in all of its rows."""
        candidates: list[set[str]] = []
        for table in tables:
            cells = Cells(table, Problems(table=""))
            pairs = zip(_lower_cells(cells, "from"), _lower_cells(cells, "to"), strict=True)
            common: set[str] | None = None
            for pair in pairs:
                common = set(pair) if common is None else common & set(pair)
            wrappers = set(WRAPPERS.values())
            candidates.append(
                {
                    addresses
                    for addresses in common or set()
                    if re.match(_ADDRESS, addresses) and addresses not in wrappers
                }
            )
        certain = {next(iter(addresses)) for addresses in candidates if len(addresses) == 1} | set(
            self.answers.own_addresses
        )
        owners = []
        for table, addresses in zip(tables, candidates, strict=True):
            remaining = addresses & certain if len(addresses) > 1 and len(addresses & certain) == 1 else addresses
            if len(remaining) == 1:
                owners.append(next(iter(remaining)))
                continue
            if not addresses:
                self.problems.note(f"{table.file}: no address stands in all of its rows; export one address at a time")
                owners.append("")
                continue
            about = f"{table.file}: which address is yours?"
            owners.append(self.answers.ask(f"wallet|{_digest(table)}", about, sorted(addresses)) or "")
        return owners

    def _chains(self, tables: Sequence[RawTable]) -> list[int | None]:
        """The chain of each file; files that share a transaction are of one chain and are asked about together."""
        chains: list[int | None] = [None] * len(tables)
        for group in _groups_by_transaction(tables):
            certain = {chain for index in group if (chain := self._stated_chain(tables[index])) is not None}
            names = ", ".join(tables[index].file for index in group)
            if len(certain) > 1:
                self.problems.note(f"{names}: share a transaction, and are of several chains")
                continue
            chain = certain.pop() if certain else self._ask_chain([tables[index] for index in group], names)
            for index in group:
                chains[index] = chain
        return chains

    def _ask_chain(self, tables: Sequence[RawTable], names: str) -> int | None:
        coins = {coin for table in tables if (coin := self._coin(table))}
        chains = {native_coin.chain for native_coin in NATIVE_COINS if native_coin.symbol in coins}
        choices = [name for name in _CHAIN_CHOICES if not chains or chain_number(name) in chains]
        topic = min(
            str(hash_) for table in tables for hash_ in table.rows["hash"].cast(pl.String).fill_null("").to_list()
        )
        answer = self.answers.ask(f"chain|{topic}", f"{names}: on which chain?", choices)
        return chain_number(answer) if answer else None

    def _stated_chain(self, table: RawTable) -> int | None:
        """The chain of a file by the user, its column or its coin; None where neither says."""
        if self.chain:
            return chain_number(self.chain)
        cells = Cells(table, self.problems)
        if cells.has_column("chain"):
            numbers = {chain_number(name) for name in cells.text("chain").drop_nulls().unique().to_list()}
            if len(numbers) == 1 and None not in numbers:
                return numbers.pop()
        coin = self._coin(table)
        chains = {native_coin.chain for native_coin in NATIVE_COINS if native_coin.symbol == coin} if coin else set()
        return chains.pop() if len(chains) == 1 else None

    @staticmethod
    def _coin(table: RawTable) -> str:
        for name in ("received", "sent", "fee"):
            if (found := _SYMBOL.search(table.columns.get(name, ""))) is not None:
                return found[1].upper()
        return ""

    # Rows

    def _rows(self, table: RawTable, wallet: str, chain: int) -> Iterable[_Row]:
        cells = Cells(table, self.problems)
        part = str(table.layout.options["part"])
        hashes = cells.text("hash").str.to_lowercase()
        cells.note("hash", ~hashes.str.contains(_HASH).fill_null(value=False), "is no transaction hash")
        times = cells.times(milliseconds=False)
        _check_dates(cells, times)
        sender, receiver = _lower_cells(cells, "from"), _lower_cells(cells, "to")
        is_wallets = pl.Series([wallet in pair for pair in zip(sender, receiver, strict=True)], dtype=pl.Boolean)
        cells.note("from", ~is_wallets, "is a row that the address of this file has no part in", quoted=False)
        blocks = cells.text("block").cast(pl.Int64, strict=False).fill_null(0).to_list()
        failed = _failed(cells)
        methods = cells.text("method").fill_null("").to_list()
        amounts = self._amounts(cells, part, sender, wallet)
        assets = self._assets(cells, part, chain)
        fees = cells.decimals("fee", exact=True, needed=part == "transactions").to_list()
        extra = cells.decimals("l1_fee", exact=True, needed=False).to_list()
        for row, origin in enumerate(table.origin.rows()):
            if times[row] is None or hashes[row] is None or not is_wallets[row]:
                continue
            received, sent = amounts[row]
            yield _Row(
                part=part,
                wallet=wallet,
                time=times[row],
                hash=hashes[row],
                block=blocks[row],
                sender=sender[row],
                receiver=receiver[row],
                place=Place(*origin),
                asset=assets[row],
                received=received,
                sent=sent,
                fee=fees[row],
                l1_fee=extra[row],
                failed=failed[row],
                method=methods[row],
            )

    def _amounts(self, cells: Cells, part: str, sender: list[str], wallet: str) -> list[tuple[Decimal, Decimal]]:
        """Amounts received and sent in each row, both positive."""
        if part == "erc20":
            values = cells.decimals("amount", exact=True)
            cells.note("amount", values < 0, "is negative; direction is that of From and To")
            amounts = []
            receiver = _lower_cells(cells, "to")
            for value, sender_address, receiver_address in zip(
                values.fill_null(Decimal(0)).to_list(), sender, receiver, strict=True
            ):
                received = value if receiver_address == wallet else Decimal(0)
                amounts.append((received, value if sender_address == wallet else Decimal(0)))
            return amounts
        received, sent = cells.decimals("received", exact=True), cells.decimals("sent", exact=True)
        for name, column in (("received", received), ("sent", sent)):
            cells.note(name, column < 0, "is negative; direction is that of the column")
        from_wallet = pl.Series([sender_address == wallet for sender_address in sender], dtype=pl.Boolean)
        cells.note(
            "received",
            (received > 0) & from_wallet & ~_is_self_transfer(cells),
            "came in, and the address of this file sent it",
        )
        cells.note("sent", (sent > 0) & ~from_wallet, "went out, and the address of this file did not send it")
        return list(zip(received.fill_null(Decimal(0)).to_list(), sent.fill_null(Decimal(0)).to_list(), strict=True))

    def _assets(self, cells: Cells, part: str, chain: int) -> list[Asset | None]:
        if part != "erc20":
            return [self._native(cells.table, chain)] * cells.height
        contracts = cells.text("contract").str.to_lowercase()
        cells.note("contract", ~contracts.str.contains(_ADDRESS).fill_null(value=False), "is no contract")
        symbols = cells.text("symbol").fill_null("?").to_list()
        assets: list[Asset | None] = []
        for contract, symbol in zip(contracts.to_list(), symbols, strict=True):
            registered = self.assets.by_contract(chain, contract) if contract else None
            # An unregistered token is known by its contract until it is decided whether it is registered.
            assets.append(registered or _unknown(symbol, chain, contract))
        return assets

    def _native(self, table: RawTable, chain: int) -> Asset | None:
        names = [coin.symbol for coin in NATIVE_COINS if coin.chain == chain]
        for name in reversed(names):
            found = self.assets.by_symbol(name, chain=chain)
            if isinstance(found, Asset):
                return found
        if self.register and names:
            cells = Cells(table, self.problems)
            first = cells.times(milliseconds=False).drop_nulls().min()
            return self.assets.register(names[-1], since=first)  # type: ignore[arg-type]
        chain_name = CHAINS.get(chain, f"chain {chain}")
        note = f"{table.file}: the coin of {chain_name} is not registered; add --register"
        if note not in self.problems.notes:
            self.problems.note(note)
        return None

    # Events

    def _entry(self, chain: int, rows: list[_Row], parts_present: set[tuple[int, str, str]]) -> Entry | None:
        """The event of one transaction, from all files that have a part of it."""
        rows = _without_repeats(rows)
        main = next((row for row in rows if row.part == "transactions"), rows[0])
        signer = next((row for row in rows if row.part == "transactions" and row.sender == row.wallet), None)
        failed = any(row.failed for row in rows if row.part == "transactions")
        entry = Entry(
            key=f"{chain}|{main.hash}", time=main.time, kind="sides", account=account((signer or main).wallet),
            hash=main.hash, chain=chain, block=max(row.block for row in rows), failed=failed, method=main.method,
            gas=signer.fee if signer else None, l1_fee=signer.l1_fee if signer else None,
            places=[row.place for row in rows], coin=signer.asset if signer else None,
        )  # fmt: skip
        entry.counterparty = main.receiver if main.sender == main.wallet else main.sender
        for row in () if failed else rows:
            if row.asset is None or row.failed:
                continue
            asset = self._registered_asset(row, signer=signer is not None)
            if asset is None:
                continue
            for amount in (row.received, -row.sent):
                if amount:
                    entry.moves.append(Move(asset, amount, account(row.wallet)))
        if not failed:
            self._add_wrapped_side(entry, signer, rows)
        if not self._as_own_transfer(entry):
            self._classify(entry, signer, rows, parts_present)
        is_empty = entry.kind != "bridge" and not entry.net() and not entry.gas and not entry.l1_fee
        return None if is_empty and not failed else entry

    @staticmethod
    def _as_own_transfer(entry: Entry) -> bool:
        """Make an entry a transfer where one wallet of the owner sent what another one got; whether it is one."""
        outgoing, incoming = ([move for move in entry.moves if move.amount * sign > 0] for sign in (-1, 1))
        if len(outgoing) != 1 or len(incoming) != 1 or entry.net() or outgoing[0].account == incoming[0].account:
            return False
        entry.kind, entry.protocol, entry.arrival = "bridge", "own accounts", entry.time
        entry.moves = [*outgoing, *incoming]
        return True

    def _registered_asset(self, row: _Row, *, signer: bool) -> Asset | None:
        """The registered asset of a row; None for an unregistered token that came unasked: it is quarantined."""
        asset = row.asset
        if asset is None or not asset.id.startswith("?"):
            return asset
        key = (asset.chain or 0, asset.contract or "")
        registered = self.assets.by_contract(*key)
        if registered is not None:
            return registered
        about = f"{asset.symbol[:20]!r} ({key[0]}:{key[1]}) came unasked: keep it?"
        keep = not signer and self.answers.ask(f"token|{key[0]}|{key[1]}", about, ["no", "yes"], waits=False) == "yes"
        if (signer and self.register) or keep:
            return self.assets.register(asset.symbol, since=row.time, chain=asset.chain, contract=asset.contract)
        if signer:
            origin = pl.DataFrame({"file": [row.place.file], "place": [row.place.word], "number": [row.place.number]})
            problem = f"moved {key[0]}:{key[1]}, a contract that is not registered; add --register"
            self.problems.add(origin, pl.Series([True]), problem)
            return None
        self.quarantined.setdefault(key, (asset.symbol, []))[1].append(row.place)
        return None

    def _remark_quarantine(self) -> None:
        for (chain, contract), (_, places) in self.quarantined.items():
            chain_name = CHAINS.get(chain, f"chain {chain}")
            rows = f"{len(places)} rows" if len(places) > 1 else "1 row"
            self.problems.remark(
                f"{rows} of the unasked token {contract} on {chain_name} quarantined, first {places[0]}"
            )

    def _add_wrapped_side(self, entry: Entry, signer: _Row | None, rows: list[_Row]) -> None:
        """Add the token side of wrapping a coin, which exports show no transfer of."""
        wrapper = WRAPPERS.get(entry.chain)
        if signer is None or wrapper is None:
            return
        received = sum((row.received for row in rows if row.part == "internal" and row.sender == wrapper), Decimal(0))
        token = self.assets.by_contract(entry.chain, wrapper)
        has_transfer = any(row.asset is not None and row.asset.contract == wrapper for row in rows)
        wrapped_amount = signer.sent if signer.receiver == wrapper else Decimal(0)
        if has_transfer or not (wrapped_amount or (received and signer.receiver == wrapper)):
            return
        if token is None and self.register:
            symbol = "W" + (signer.asset.symbol if signer.asset else "?")
            token = self.assets.register(symbol, since=entry.time, chain=entry.chain, contract=wrapper)
        if token is None:
            self.problems.note(f"{signer.place}: wraps a coin, and {wrapper} is not registered; add --register")
            return
        entry.moves.append(Move(token, wrapped_amount or -received, account(signer.wallet)))
        entry.protocol = wrapper
        entry.kind = "trade"

    def _classify(
        self, entry: Entry, signer: _Row | None, rows: list[_Row], parts_present: set[tuple[int, str, str]]
    ) -> None:
        """Set the kind of an entry by what it moved and which method was called."""
        if entry.kind == "trade" or entry.failed:
            return
        net = entry.net()
        sent, received = [move for move in net if move.amount < 0], [move for move in net if move.amount > 0]
        is_call = signer is not None and entry.method.lower() not in _PLAIN_TRANSFERS
        if not net:
            entry.kind = "approve"
        elif sent and received:
            entry.kind, entry.protocol = "trade", entry.counterparty
        elif not is_call:
            entry.kind = "withdraw" if sent else "deposit"
            entry.counterparty = _counterparty(rows, sent=bool(sent)) or entry.counterparty
        elif received:
            claimed = _CLAIM_NAMES.search(entry.method)
            entry.kind = "income" if claimed else "redeem" if _WITHDRAWAL_NAMES.search(entry.method) else "deposit"
            entry.protocol = entry.counterparty
        else:
            self._classify_one_way(entry, signer, parts_present)

    def _classify_one_way(self, entry: Entry, signer: _Row | None, parts_present: set[tuple[int, str, str]]) -> None:
        """Classify a call that took coins and returned nothing: bridge, deposit, payment, or a missing file."""
        entry.protocol = entry.counterparty
        if _BRIDGE_NAMES.search(entry.method) and not re.fullmatch(r"(?i)deposit", entry.method):
            entry.kind, entry.protocol = "withdraw", ""
            return
        wallet = signer.wallet if signer else ""
        has_token_export = (entry.chain, wallet, "erc20") in parts_present
        if has_token_export and _SUPPLY_NAMES.search(entry.method):
            entry.kind = "supply"
            return
        missing = "" if has_token_export else ", and no ERC-20 export of this address is among the files"
        about = f"{entry.places[0]}: {entry.method!r} took coins and nothing came back{missing}: what became of them?"
        answer = self.answers.ask(f"one way|{entry.chain}|{entry.hash}", about, ["protocol", "paid", "sent away"])
        entry.kind = {"protocol": "supply", "paid": "spent", "sent away": "withdraw"}.get(answer or "", "ignore")
        if entry.kind == "withdraw":
            entry.protocol = ""


def is_bridge(entry: Entry) -> bool:
    """Whether the called method is, by its name, a bridge's."""
    return _BRIDGE_NAMES.search(entry.method) is not None


def _groups_by_transaction(tables: Sequence[RawTable]) -> list[list[int]]:
    """Indexes of files, grouped by files that share a transaction."""
    groups: list[tuple[set[str], list[int]]] = []
    for index, table in enumerate(tables):
        hashes = set(table.rows["hash"].cast(pl.String).str.to_lowercase().drop_nulls().to_list())
        sharing = [group for group in groups if group[0] & hashes]
        groups = [group for group in groups if not group[0] & hashes]
        all_hashes = hashes.union(*(group[0] for group in sharing))
        groups.append((all_hashes, sorted([index, *(at for group in sharing for at in group[1])])))
    return [places for _, places in groups]


def _unknown(symbol: str, chain: int, contract: str) -> Asset:
    return Asset(
        id=f"?{contract}", symbol=symbol, chain=chain, contract=contract, decimals=None, vendor=None, name=symbol
    )


def _lower_cells(cells: Cells, field: str) -> list[str]:
    return cells.text(field).fill_null("").str.to_lowercase().to_list()


def _is_self_transfer(cells: Cells) -> pl.Series:
    return pl.Series(
        [
            sender == receiver
            for sender, receiver in zip(_lower_cells(cells, "from"), _lower_cells(cells, "to"), strict=True)
        ]
    )


def _digest(table: RawTable) -> str:
    hashes = table.rows["hash"].cast(pl.String).fill_null("").head(1).to_list()
    return f"{table.layout.name}|{table.file}|{''.join(hashes)}"


def _check_dates(cells: Cells, times: pl.Series) -> None:
    """Note rows whose two time columns state different moments."""
    if not cells.has_column("date"):
        return
    dates = cells.text("date").str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC", time_unit="us", strict=False)
    differs = dates.is_not_null() & (dates != times.dt.truncate("1s"))
    cells.note("date", differs, "is another moment than the row's UnixTimestamp")


def _failed(cells: Cells) -> list[bool]:
    """Whether each transaction was reverted: by its error code, or its status."""
    codes = cells.text("error").fill_null("").to_list()
    states = cells.text("status").fill_null("").str.to_lowercase().to_list()
    known_states = {"", "1", "0", "ok", "success", "error(0)", "error(1)", "fail", "failed"}
    cells.note(
        "status",
        pl.Series([state not in known_states for state in states], dtype=pl.Boolean),
        "is no status that is known",
    )
    good_states = {"", "1", "ok", "success"}
    internal = cells.table.layout.options["part"] == "internal"
    return [
        bool(code) or (state not in good_states and not (internal and state == "0" and not code))
        for code, state in zip(codes, states, strict=True)
    ]


def _without_repeats(rows: list[_Row]) -> list[_Row]:
    """The rows without repeats from a second export of the same address."""
    counts: Counter[tuple[object, ...]] = Counter()
    by_file: dict[str, Counter[tuple[object, ...]]] = {}
    distinct = []
    for row in rows:
        key = (row.part, row.wallet, row.sender, row.receiver, row.asset and row.asset.id, row.received, row.sent)
        file_counts = by_file.setdefault(row.place.file, Counter())
        file_counts[key] += 1
        if file_counts[key] > counts[key]:
            counts[key] += 1
            distinct.append(row)
    return distinct


def _counterparty(rows: list[_Row], *, sent: bool) -> str:
    for row in rows:
        if row.asset is not None and (row.sent if sent else row.received):
            return row.receiver if sent else row.sender
    return ""
