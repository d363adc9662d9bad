"""Exports of block explorers as entries: transactions, internal ones and token transfers of an address, joined by hash.

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
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import CHAINS
from ys_analytics.schemas.coins import NATIVE_COINS

_ADDRESS = r"^0x[0-9a-f]{40}$"
_HASH = r"^0x[0-9a-f]{64}$"
_SYMBOL = re.compile(r"\(([A-Za-z]+)\)")
_ZERO = "0x" + "0" * 40
_ASKED_CHAINS = ("ethereum", "optimism", "arbitrum", "base", "linea", "zksync", "bsc")

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
_PLAIN = frozenset({"", "transfer", "0x", "0xa9059cbb", "send", "sendmultisig", "withdraw eth", "withdrawal"})
_APPROVES = re.compile(r"(?i)^(set ?)?approv|^increase ?allowance|^permit|^revoke|^set approval")
_SUPPLIES = re.compile(r"(?i)deposit|supply|stake|mint|add ?liquidity|join|enter|lock|repay")
_RETURNS = re.compile(
    r"(?i)withdraw|redeem|unstake|claim|harvest|burn|remove ?liquidity|exit|unlock|borrow|get ?reward"
)
_CLAIMS = re.compile(r"(?i)claim|harvest|get ?reward")
_BRIDGES = re.compile(
    r"(?i)bridge|cross ?chain|send ?token|deposit ?v3|l1 ?message|deposit ?eth|deposit ?erc20|send ?to ?l|relay"
)


def account(address: str) -> str:
    """What an address of the owner is called: stable, and not the address.

    >>> account("0x00000000000000000000000000000000000000a1")
    'wallet-4bfe24'
    """
    return f"wallet-{sha256(address.lower().encode()).hexdigest()[:6]}"


@dataclass(slots=True)
class _Row:
    """One row of one export, as it is read."""

    part: str
    wallet: str
    time: datetime
    hash: str
    block: int
    sender: str
    receiver: str
    place: Place
    asset: Asset | None = None
    came: Decimal = Decimal(0)
    went: Decimal = Decimal(0)
    fee: Decimal | None = None
    l1_fee: Decimal | None = None
    failed: bool = False
    method: str = ""


@dataclass(slots=True)
class ChainFiles:
    """All exports of an import together.

    Attributes:
        assets: The registry.
        problems: What is wrong.
        answers: What is open.
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

    def entries(self, tables: Sequence[RawTable]) -> list[Entry]:
        """The events of all files, one for each transaction."""
        owners = self._owners(tables)
        self.wallets |= {one for one in owners if one}
        grouped: dict[tuple[int, str], list[_Row]] = {}
        have: set[tuple[int, str, str]] = set()
        for table, wallet, chain in zip(tables, owners, self._chains(tables), strict=True):
            if not wallet or chain is None:
                continue
            have.add((chain, wallet, str(table.layout.options["part"])))
            for row in self._rows(table, wallet, chain):
                grouped.setdefault((chain, row.hash), []).append(row)
        entries = [self._entry(chain, rows, have) for (chain, _), rows in grouped.items()]
        self._say_quarantine()
        return [one for one in entries if one is not None]

    # Whose, and where

    def _owners(self, tables: Sequence[RawTable]) -> list[str]:
        """The address each file is of: the one in all of its rows."""
        found: list[set[str]] = []
        for table in tables:
            cells = Cells(table, Problems(table=""))
            pairs = zip(_lower(cells, "from"), _lower(cells, "to"), strict=True)
            common: set[str] | None = None
            for pair in pairs:
                common = set(pair) if common is None else common & set(pair)
            wrappers = set(WRAPPERS.values())
            found.append({one for one in common or set() if re.match(_ADDRESS, one) and one not in wrappers})
        sure = {next(iter(one)) for one in found if len(one) == 1} | set(self.answers.own)
        owners = []
        for table, one in zip(tables, found, strict=True):
            among = one & sure if len(one) > 1 and len(one & sure) == 1 else one
            if len(among) == 1:
                owners.append(next(iter(among)))
                continue
            if not one:
                self.problems.note(f"{table.file}: no address stands in all of its rows; export one address at a time")
                owners.append("")
                continue
            about = f"{table.file}: which address is yours?"
            owners.append(self.answers.ask(f"wallet|{_digest(table)}", about, sorted(one)) or "")
        return owners

    def _chains(self, tables: Sequence[RawTable]) -> list[int | None]:
        """The chain of each file; files that share a transaction are of one chain and are asked about together."""
        found: list[int | None] = [None] * len(tables)
        for group in _sharing(tables):
            sure = {chain for place in group if (chain := self._sure_chain(tables[place])) is not None}
            names = ", ".join(tables[place].file for place in group)
            if len(sure) > 1:
                self.problems.note(f"{names}: share a transaction, and are of several chains")
                continue
            chain = sure.pop() if sure else self._asked_chain([tables[place] for place in group], names)
            for place in group:
                found[place] = chain
        return found

    def _asked_chain(self, tables: Sequence[RawTable], names: str) -> int | None:
        coins = {coin for table in tables if (coin := self._coin(table))}
        chains = {one.chain for one in NATIVE_COINS if one.symbol in coins}
        choices = [one for one in _ASKED_CHAINS if not chains or chain_number(one) in chains]
        topic = min(str(one) for table in tables for one in table.rows["hash"].cast(pl.String).fill_null("").to_list())
        answer = self.answers.ask(f"chain|{topic}", f"{names}: on which chain?", choices)
        return chain_number(answer) if answer else None

    def _sure_chain(self, table: RawTable) -> int | None:
        """The chain of a file by the user, its column or its coin; None where neither says."""
        if self.chain:
            return chain_number(self.chain)
        cells = Cells(table, self.problems)
        if cells.has("chain"):
            numbers = {chain_number(one) for one in cells.text("chain").drop_nulls().unique().to_list()}
            if len(numbers) == 1 and None not in numbers:
                return numbers.pop()
        coin = self._coin(table)
        chains = {one.chain for one in NATIVE_COINS if one.symbol == coin} if coin else set()
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
        sender, receiver = _lower(cells, "from"), _lower(cells, "to")
        mine = pl.Series([wallet in pair for pair in zip(sender, receiver, strict=True)], dtype=pl.Boolean)
        cells.note("from", ~mine, "is a row that the address of this file has no part in", quoted=False)
        blocks = cells.text("block").cast(pl.Int64, strict=False).fill_null(0).to_list()
        failed = _failed(cells)
        methods = cells.text("method").fill_null("").to_list()
        amounts = self._amounts(cells, part, sender, wallet)
        coins = self._assets(cells, part, chain)
        fees = cells.decimals("fee", exact=True, needed=part == "transactions").to_list()
        extra = cells.decimals("l1_fee", exact=True, needed=False).to_list()
        for row, origin in enumerate(table.origin.rows()):
            if times[row] is None or hashes[row] is None or not mine[row]:
                continue
            came, went = amounts[row]
            yield _Row(
                part=part, wallet=wallet, time=times[row], hash=hashes[row], block=blocks[row], sender=sender[row],
                receiver=receiver[row], place=Place(*origin), asset=coins[row], came=came, went=went, fee=fees[row],
                l1_fee=extra[row], failed=failed[row], method=methods[row],
            )  # fmt: skip

    def _amounts(self, cells: Cells, part: str, sender: list[str], wallet: str) -> list[tuple[Decimal, Decimal]]:
        """What came and what went in each row, both positive."""
        if part == "erc20":
            values = cells.decimals("amount", exact=True)
            cells.note("amount", values < 0, "is negative; direction is that of From and To")
            both = []
            receiver = _lower(cells, "to")
            for value, one, other in zip(values.fill_null(Decimal(0)).to_list(), sender, receiver, strict=True):
                came = value if other == wallet else Decimal(0)
                both.append((came, value if one == wallet else Decimal(0)))
            return both
        came, went = cells.decimals("received", exact=True), cells.decimals("sent", exact=True)
        for name, column in (("received", came), ("sent", went)):
            cells.note(name, column < 0, "is negative; direction is that of the column")
        from_me = pl.Series([one == wallet for one in sender], dtype=pl.Boolean)
        cells.note("received", (came > 0) & from_me & ~_self(cells), "came in, and the address of this file sent it")
        cells.note("sent", (went > 0) & ~from_me, "went out, and the address of this file did not send it")
        return list(zip(came.fill_null(Decimal(0)).to_list(), went.fill_null(Decimal(0)).to_list(), strict=True))

    def _assets(self, cells: Cells, part: str, chain: int) -> list[Asset | None]:
        if part != "erc20":
            return [self._native(cells.table, chain)] * cells.height
        contracts = cells.text("contract").str.to_lowercase()
        cells.note("contract", ~contracts.str.contains(_ADDRESS).fill_null(value=False), "is no contract")
        symbols = cells.text("symbol").fill_null("?").to_list()
        found: list[Asset | None] = []
        for contract, symbol in zip(contracts.to_list(), symbols, strict=True):
            known = self.assets.by_contract(chain, contract) if contract else None
            # A token that nobody registered is told apart by its contract until it is known whether it is wanted.
            found.append(known or _unknown(symbol, chain, contract))
        return found

    def _native(self, table: RawTable, chain: int) -> Asset | None:
        names = [one.symbol for one in NATIVE_COINS if one.chain == chain]
        for name in reversed(names):
            found = self.assets.by_symbol(name, chain=chain)
            if isinstance(found, Asset):
                return found
        if self.register and names:
            cells = Cells(table, self.problems)
            first = cells.times(milliseconds=False).drop_nulls().min()
            return self.assets.register(names[-1], since=first)  # type: ignore[arg-type]
        where = CHAINS.get(chain, f"chain {chain}")
        note = f"{table.file}: the coin of {where} is not registered; add --register"
        if note not in self.problems.notes:
            self.problems.note(note)
        return None

    # Events

    def _entry(self, chain: int, rows: list[_Row], have: set[tuple[int, str, str]]) -> Entry | None:
        """The event of one transaction, from all files that have a part of it."""
        rows = _once(rows)
        main = next((one for one in rows if one.part == "transactions"), rows[0])
        signer = next((one for one in rows if one.part == "transactions" and one.sender == one.wallet), None)
        failed = any(one.failed for one in rows if one.part == "transactions")
        entry = Entry(
            key=f"{chain}|{main.hash}", time=main.time, kind="sides", account=account((signer or main).wallet),
            hash=main.hash, chain=chain, block=max(one.block for one in rows), failed=failed, method=main.method,
            gas=signer.fee if signer else None, l1_fee=signer.l1_fee if signer else None,
            places=[one.place for one in rows], coin=signer.asset if signer else None,
        )  # fmt: skip
        entry.away = main.receiver if main.sender == main.wallet else main.sender
        for one in () if failed else rows:
            if one.asset is None or one.failed:
                continue
            asset = self._wanted(one, signer=signer is not None)
            if asset is None:
                continue
            for amount in (one.came, -one.went):
                if amount:
                    entry.moves.append(Move(asset, amount, account(one.wallet)))
        if not failed:
            self._wrapped(entry, signer, rows)
        if not self._between(entry):
            self._classify(entry, signer, rows, have)
        nothing = entry.kind != "bridge" and not entry.net() and not entry.gas and not entry.l1_fee
        return None if nothing and not failed else entry

    @staticmethod
    def _between(entry: Entry) -> bool:
        """Make an entry a transfer where one wallet of the owner sent what another one got; whether it is one."""
        out, into = ([one for one in entry.moves if one.amount * sign > 0] for sign in (-1, 1))
        if len(out) != 1 or len(into) != 1 or entry.net() or out[0].account == into[0].account:
            return False
        entry.kind, entry.protocol, entry.arrival = "bridge", "own accounts", entry.time
        entry.moves = [*out, *into]
        return True

    def _wanted(self, row: _Row, *, signer: bool) -> Asset | None:
        """The asset of a row; None for a token that came unasked and is not registered: it is quarantined."""
        asset = row.asset
        if asset is None or not asset.id.startswith("?"):
            return asset
        key = (asset.chain or 0, asset.contract or "")
        known = self.assets.by_contract(*key)
        if known is not None:
            return known
        about = f"{asset.symbol[:20]!r} ({key[0]}:{key[1]}) came unasked: keep it?"
        kept = not signer and self.answers.ask(f"token|{key[0]}|{key[1]}", about, ["no", "yes"], waits=False) == "yes"
        if (signer and self.register) or kept:
            return self.assets.register(asset.symbol, since=row.time, chain=asset.chain, contract=asset.contract)
        if signer:
            origin = pl.DataFrame({"file": [row.place.file], "place": [row.place.word], "number": [row.place.number]})
            said = f"moved {key[0]}:{key[1]}, a contract that is not registered; add --register"
            self.problems.add(origin, pl.Series([True]), said)
            return None
        self.quarantined.setdefault(key, (asset.symbol, []))[1].append(row.place)
        return None

    def _say_quarantine(self) -> None:
        for (chain, contract), (_, places) in self.quarantined.items():
            where = CHAINS.get(chain, f"chain {chain}")
            rows = f"{len(places)} rows" if len(places) > 1 else "1 row"
            self.problems.remark(f"{rows} of the unasked token {contract} on {where} quarantined, first {places[0]}")

    def _wrapped(self, entry: Entry, signer: _Row | None, rows: list[_Row]) -> None:
        """Wrapping a coin moves its token without a transfer that an export shows: the other side is added."""
        wrapper = WRAPPERS.get(entry.chain)
        if signer is None or wrapper is None:
            return
        came = sum((one.came for one in rows if one.part == "internal" and one.sender == wrapper), Decimal(0))
        token = self.assets.by_contract(entry.chain, wrapper)
        shown = any(one.asset is not None and one.asset.contract == wrapper for one in rows)
        into = signer.went if signer.receiver == wrapper else Decimal(0)
        if shown or not (into or (came and signer.receiver == wrapper)):
            return
        if token is None and self.register:
            symbol = "W" + (signer.asset.symbol if signer.asset else "?")
            token = self.assets.register(symbol, since=entry.time, chain=entry.chain, contract=wrapper)
        if token is None:
            self.problems.note(f"{signer.place}: wraps a coin, and {wrapper} is not registered; add --register")
            return
        entry.moves.append(Move(token, into or -came, account(signer.wallet)))
        entry.protocol = wrapper
        entry.kind = "trade"

    def _classify(self, entry: Entry, signer: _Row | None, rows: list[_Row], have: set[tuple[int, str, str]]) -> None:
        """What a transaction is, by what it moved and what was called."""
        if entry.kind == "trade" or entry.failed:
            return
        net = entry.net()
        went, came = [one for one in net if one.amount < 0], [one for one in net if one.amount > 0]
        called = signer is not None and entry.method.lower() not in _PLAIN
        if not net:
            entry.kind = "approve"
        elif went and came:
            entry.kind, entry.protocol = "trade", entry.away
        elif not called:
            entry.kind = "withdraw" if went else "deposit"
            entry.away = _far_side(rows, went=bool(went)) or entry.away
        elif came:
            claimed = _CLAIMS.search(entry.method)
            entry.kind = "income" if claimed else "redeem" if _RETURNS.search(entry.method) else "deposit"
            entry.protocol = entry.away
        else:
            self._one_way(entry, signer, have)

    def _one_way(self, entry: Entry, signer: _Row | None, have: set[tuple[int, str, str]]) -> None:
        """A call that took coins and gave nothing back: a bridge, a deposit, a payment, or a file is missing."""
        entry.protocol = entry.away
        if _BRIDGES.search(entry.method) and not re.fullmatch(r"(?i)deposit", entry.method):
            entry.kind, entry.protocol = "withdraw", ""
            return
        wallet = signer.wallet if signer else ""
        whole = (entry.chain, wallet, "erc20") in have
        if whole and _SUPPLIES.search(entry.method):
            entry.kind = "supply"
            return
        missing = "" if whole else ", and no ERC-20 export of this address is among the files"
        about = f"{entry.places[0]}: {entry.method!r} took coins and nothing came back{missing}: what became of them?"
        answer = self.answers.ask(f"one way|{entry.chain}|{entry.hash}", about, ["protocol", "paid", "sent away"])
        entry.kind = {"protocol": "supply", "paid": "spent", "sent away": "withdraw"}.get(answer or "", "ignore")
        if entry.kind == "withdraw":
            entry.protocol = ""


def bridges(entry: Entry) -> bool:
    """Whether what was called is by its name a bridge."""
    return _BRIDGES.search(entry.method) is not None


def _sharing(tables: Sequence[RawTable]) -> list[list[int]]:
    """Places of files, those that share a transaction together."""
    groups: list[tuple[set[str], list[int]]] = []
    for place, table in enumerate(tables):
        hashes = set(table.rows["hash"].cast(pl.String).str.to_lowercase().drop_nulls().to_list())
        near = [one for one in groups if one[0] & hashes]
        groups = [one for one in groups if not one[0] & hashes]
        whole = hashes.union(*(one[0] for one in near))
        groups.append((whole, sorted([place, *(at for one in near for at in one[1])])))
    return [places for _, places in groups]


def _unknown(symbol: str, chain: int, contract: str) -> Asset:
    return Asset(
        id=f"?{contract}", symbol=symbol, chain=chain, contract=contract, decimals=None, vendor=None, name=symbol
    )


def _lower(cells: Cells, field: str) -> list[str]:
    return cells.text(field).fill_null("").str.to_lowercase().to_list()


def _self(cells: Cells) -> pl.Series:
    return pl.Series([one == other for one, other in zip(_lower(cells, "from"), _lower(cells, "to"), strict=True)])


def _digest(table: RawTable) -> str:
    hashes = table.rows["hash"].cast(pl.String).fill_null("").head(1).to_list()
    return f"{table.layout.name}|{table.file}|{''.join(hashes)}"


def _check_dates(cells: Cells, times: pl.Series) -> None:
    """The time is written twice; where both are there they must be the same moment."""
    if not cells.has("date"):
        return
    dates = cells.text("date").str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC", time_unit="us", strict=False)
    differs = dates.is_not_null() & (dates != times.dt.truncate("1s"))
    cells.note("date", differs, "is another moment than the row's UnixTimestamp")


def _failed(cells: Cells) -> list[bool]:
    """Whether each transaction was reverted: by its error code, or its status."""
    codes = cells.text("error").fill_null("").to_list()
    states = cells.text("status").fill_null("").str.to_lowercase().to_list()
    known = {"", "1", "0", "ok", "success", "error(0)", "error(1)", "fail", "failed"}
    cells.note(
        "status", pl.Series([one not in known for one in states], dtype=pl.Boolean), "is no status that is known"
    )
    good = {"", "1", "ok", "success"}
    internal = cells.table.layout.options["part"] == "internal"
    return [
        bool(code) or (state not in good and not (internal and state == "0" and not code))
        for code, state in zip(codes, states, strict=True)
    ]


def _once(rows: list[_Row]) -> list[_Row]:
    """Rows without those that a second export of the same address repeats."""
    seen: Counter[tuple[object, ...]] = Counter()
    by_file: dict[str, Counter[tuple[object, ...]]] = {}
    kept = []
    for one in rows:
        key = (one.part, one.wallet, one.sender, one.receiver, one.asset and one.asset.id, one.came, one.went)
        here = by_file.setdefault(one.place.file, Counter())
        here[key] += 1
        if here[key] > seen[key]:
            seen[key] += 1
            kept.append(one)
    return kept


def _far_side(rows: list[_Row], *, went: bool) -> str:
    for one in rows:
        if one.asset is not None and (one.went if went else one.came):
            return one.receiver if went else one.sender
    return ""
