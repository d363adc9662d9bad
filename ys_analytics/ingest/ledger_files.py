"""Files of exchanges, portfolios and trackers as entries: the layout says which amounts a row moves and what it is.

Depends on `vendor_cells`, the registry and the answers. Does not match one account with another: that is `transfers`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import polars as pl

from ys_analytics.ingest import numbers
from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import FIAT, NATIVE, Asset, Assets, chain_number
from ys_analytics.ingest.entries import CHOICES, INWARD, OUTWARD, Entry, Move, Place
from ys_analytics.ingest.layout import Leg
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import MONEY
from ys_analytics.schemas.coins import NATIVE_COINS

_TOKEN = re.compile(r"eip155:(\d+)/erc20:(0x[0-9a-fA-F]{40})")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """What a row is, and which way its amount goes where the kind says so."""

    word: str
    sign: int = 0

    @classmethod
    def read(cls, text: str) -> "Kind":
        """A kind as a layout writes it: a word, and a sign where the word alone does not say.

        >>> Kind.read("trade -"), Kind.read("deposit")
        (Kind(word='trade', sign=-1), Kind(word='deposit', sign=1))
        """
        word, _, sign = text.partition(" ")
        usual = 1 if word in INWARD else -1 if word in OUTWARD else 0
        return cls(word, {"+": 1, "-": -1}.get(sign, usual))


@dataclass(frozen=True, slots=True)
class Stated:
    """A balance that a file states: of which account and asset, after which moment."""

    account: str
    asset: Asset
    time: datetime
    balance: Decimal


class LedgerFile:
    """One file, read into entries."""

    def __init__(
        self,
        table: RawTable,
        assets: Assets,
        problems: Problems,
        answers: Answers,
        *,
        register: bool,
        account: str = "",
    ) -> None:
        """Read `table`; what is wrong goes to `problems`, what is open to `answers`."""
        self.table = table
        self.layout = table.layout
        self.cells = Cells(table, problems)
        self.assets = assets
        self.problems = problems
        self.answers = answers
        self.register = register
        self.account = account or self.layout.vendor
        self.stated: list[Stated] = []
        self._found: dict[tuple[str, int, str], Asset | None] = {}

    def entries(self) -> list[Entry]:
        """The rows of the file as entries, those of one event together."""
        dropped = self._absent()
        kinds = self._kinds(dropped)
        times = self.cells.times(milliseconds=False)
        legs = [(leg, self._amounts(leg)) for leg in self.layout.legs]
        grouped: dict[str, list[Entry]] = {}
        origin = self.table.origin.rows()
        seen: dict[str, int] = {}
        for row in range(self.cells.height):
            kind, time = kinds[row], times[row]
            if dropped[row] or kind is None or time is None or kind.word == "ignore":
                continue
            one = self._entry(row, kind, time, legs)
            one.places = [Place(*origin[row])]
            one.key = self._key(row, one, seen)
            grouped.setdefault(one.key, []).append(one)
        self._check_balances(dropped, times, legs)
        return [entry for rows in grouped.values() for entry in self._together(rows)]

    # Rows

    def _absent(self) -> list[bool]:
        gone = pl.repeat(False, self.cells.height, eager=True)  # noqa: FBT003 - a column of no
        for field, words in self.layout.absent.items():
            here = self.cells.text(field).fill_null("").is_in(list(words))
            if count := int(here.sum()):
                column = self.table.columns.get(field, field)
                why = f"without {column} were left out: not booked" if "" in words else f"were left out by {column}"
                self.problems.remark(f"{count:,} rows of {self.table.file} {why}")
            gone |= here
        return gone.to_list()

    def _kinds(self, dropped: list[bool]) -> list[Kind | None]:
        """What each row is; a word that the layout does not know is a question."""
        layout = self.layout
        if "kind" not in layout.fields:
            return [Kind.read("sides")] * self.cells.height
        words = self.cells.text("kind").fill_null("").to_list()
        subs = self.cells.text("subkind").fill_null(self.cells.text("other_subkind")).fill_null("").to_list()
        notes = self._text("note")
        earned = layout.options.get("income_note", "(?!)")
        kinds = {_spelled(one): kind for one, kind in layout.kinds.items()}
        where = self.cells.text("location").fill_null("").str.to_lowercase().to_list()
        exchanges = set(layout.options.get("exchanges", ()))
        found: list[Kind | None] = []
        unknown: dict[str, list[int]] = {}
        for row, (word, sub, place) in enumerate(zip(words, subs, where, strict=True)):
            both = f"{word}/{sub}" if "subkind" in layout.fields else word
            choices = [f"exchange:{both}"] if place in exchanges else []
            known = next((kinds[_spelled(one)] for one in (*choices, both, word) if _spelled(one) in kinds), None)
            if known == "deposit" and re.search(earned, notes[row]):
                known = "income"
            found.append(None if known is None else Kind.read(known))
            if known is None and not dropped[row]:
                unknown.setdefault(both, []).append(row)
        for word, rows in unknown.items():
            about = f"{self._rows(rows)}: what is {word!r}?"
            answer = self.answers.ask(f"kind|{layout.vendor}|{word}", about, CHOICES)
            for row in rows:
                found[row] = Kind.read({"trade": "sides"}.get(answer, answer)) if answer else None
        return found

    def _rows(self, rows: list[int]) -> str:
        numbers_ = self.table.origin["number"]
        listed = ", ".join(str(numbers_[row]) for row in rows[:_NAMED])
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        return f"{self.table.file} rows {listed}{more}"

    def _entry(
        self, row: int, kind: Kind, time: datetime, legs: list[tuple[Leg, list[list[tuple[Any, ...]]]]]
    ) -> Entry:
        chain = self._chain(row)
        text = {name: self._text(name)[row] for name in ("hash", "protocol", "status", "id", "counterparty")}
        hash_ = text["hash"].lower() if _HASH.fullmatch(text["hash"]) else ""
        paid = self._paid(row, kind)
        entry = Entry(
            key="", time=time, kind=kind.word, account=self._account(row), hash=hash_ if chain else "", chain=chain,
            protocol=text["protocol"] or text["counterparty"], reference=text["id"],
            failed=self._failed(row, text["status"]),
        )  # fmt: skip
        if kind.word == "convert":
            self._convert(row, entry)
        for leg, values in legs:
            if leg.kinds and kind.word not in leg.kinds:
                continue
            for amount, symbol, contract in values[row]:
                if paid and leg.sign == "against" and paid[1] != symbol:
                    self._add(row, entry, kind, leg, *paid, "")
                    self.problems.remark(f"of {self.table.columns['note']} say in which currency it was paid", 1)
                else:
                    self._add(row, entry, kind, leg, amount, symbol, contract)
        if kind.word in {"internal", "approve"} or entry.failed:
            entry.moves = []
        self._classify(row, entry)
        return entry

    def _classify(self, row: int, entry: Entry) -> None:
        """What the row is, where the vendor's word leaves it to its sides."""
        if entry.kind in {"buy", "sell", "convert"}:
            entry.kind = "trade"
        elif entry.kind == "sides":
            entry.kind = _by_sides(entry)
        elif entry.kind == "gain":
            entry.kind = "income" if any(one.amount > 0 for one in entry.moves) else "spent"
        elif entry.kind == "transfer":
            self._between(row, entry)

    def _between(self, row: int, entry: Entry) -> None:
        """A row that has both sides of a transfer: between two accounts, or to and from an account of no name."""
        net = {one.asset.id: one for one in entry.net()}
        out, into = ([one for one in entry.moves if one.amount * sign > 0] for sign in (-1, 1))
        if len(out) == len(into) == 1 and out[0].asset.id == into[0].asset.id and out[0].account != into[0].account:
            entry.kind, entry.protocol = "bridge", entry.protocol or "own accounts"
            if any(one.amount > 0 for one in net.values()):
                self._wrong(row, "received", "is more than was sent")
        else:
            entry.kind = _by_sides(entry)

    def _paid(self, row: int, kind: Kind) -> tuple[Decimal, str] | None:
        """What the note of a purchase or sale says was paid or got, where its price is stated in another currency."""
        pattern = self.layout.options.get("trade")
        if pattern is None or kind.word not in {"buy", "sell"}:
            return None
        said = re.match(pattern, self._text("note")[row])
        amount = None if said is None else _amount(said["amount"])
        return None if said is None or amount is None else (amount, said["currency"])

    def _add(self, row: int, entry: Entry, kind: Kind, leg: Leg, amount: Decimal, symbol: str, contract: str) -> None:  # noqa: PLR0917 - a cell of a row
        if not amount:
            return
        if kind.word == "convert" and leg.sign == "kind":
            return
        asset = self._asset(row, symbol, contract, entry.chain, leg)
        if asset is None:
            return
        account = self._account_of(row, leg, entry)
        if leg.refund and amount < 0:
            entry.moves.append(Move(asset, -amount, account))
            return
        signed = self._signed(row, kind, leg, amount)
        if signed is None:
            return
        if leg.role == "gas" and entry.chain and asset.symbol.upper() in _natives(entry.chain):
            entry.gas, entry.coin = (entry.gas or Decimal(0)) + abs(signed), asset
        elif leg.role in {"fee", "gas"} or kind.word == "fee":
            gas = self.layout.options.get("gas")
            paid = abs(signed)
            if gas and entry.protocol == gas and entry.chain and asset.symbol.upper() in _natives(entry.chain):
                entry.gas, entry.coin = (entry.gas or Decimal(0)) + paid, asset
            else:
                entry.fees.append(Move(asset, paid, account))
        else:
            entry.moves.append(Move(asset, signed, account))

    def _signed(self, row: int, kind: Kind, leg: Leg, amount: Decimal) -> Decimal | None:
        """The amount as it moves: what came is positive."""
        if leg.sign == "signed":
            return amount
        if leg.sign in {"+", "-"}:
            if amount < 0:
                self._wrong(row, leg.amount, "is negative where this layout writes no sign")
                return None
            return amount if leg.sign == "+" else -amount
        if kind.word in {"internal", "approve", "sides"} or not kind.sign:
            return amount
        way = -kind.sign if leg.sign == "against" else kind.sign
        if amount < 0 and way > 0 and leg.sign == "kind":
            self._wrong(row, leg.amount, f"is negative, and a {kind.word} brings in")
            return None
        return abs(amount) * way

    def _convert(self, row: int, entry: Entry) -> None:
        """Both sides of a conversion whose second side stands in a note."""
        said = re.match(self.layout.options["convert"], self._text("note")[row])
        if said is None:
            self._wrong(row, "note", "does not say what was converted into what", quoted=False)
            return
        for sign, amount, symbol in ((-1, said["sent"], said["from"]), (1, said["received"], said["to"])):
            asset = self._asset(row, symbol, "", entry.chain, self.layout.legs[0])
            read = _amount(amount)
            if asset is not None and read is not None:
                entry.moves.append(Move(asset, read * sign, entry.account))
            elif read is None:
                self._wrong(row, "note", "states an amount that cannot be read", quoted=False)

    def _wrong(self, row: int, field: str, text: str, *, quoted: bool = True) -> None:
        mask = pl.Series([place == row for place in range(self.cells.height)], dtype=pl.Boolean)
        self.cells.note(field.split("|", maxsplit=1)[0], mask, text, quoted=quoted)

    # Cells

    def _text(self, field: str) -> list[str]:
        if field not in self._texts:
            self._texts[field] = self.cells.text(field).fill_null("").to_list()
        return self._texts[field]

    @property
    def _texts(self) -> dict[str, list[str]]:
        if not hasattr(self, "_text_cache"):
            self._text_cache: dict[str, list[str]] = {}
        return self._text_cache

    def _amounts(self, leg: Leg) -> list[list[tuple[Decimal, str, str]]]:
        """Amount, asset and contract of a leg in each row; several where a cell holds several lines."""
        cells = self.cells
        if not cells.has(leg.amount):
            return [[] for _ in range(cells.height)]
        symbols = self._symbols(leg)
        contracts = self._text(leg.contract) if leg.contract else [""] * cells.height
        split = self.layout.options.get("multiple")
        if split:
            return self._split_amounts(leg, split, symbols, contracts)
        values = cells.decimals(leg.amount, exact=True, needed=False).to_list()
        return [
            [] if value is None else [(value, symbol, contract)]
            for value, symbol, contract in zip(values, symbols, contracts, strict=True)
        ]

    def _symbols(self, leg: Leg) -> list[str]:
        names = [name for name in leg.asset.split("|") if self.cells.has(name)]
        columns = [self._text(name) for name in names]
        return [next((one for one in row if one), "") for row in zip(*columns, strict=True)]

    def _split_amounts(
        self, leg: Leg, split: str, symbols: list[str], contracts: list[str]
    ) -> list[list[tuple[Decimal, str, str]]]:
        texts = self._text(leg.amount)
        flat: list[tuple[int, str, str, str]] = []
        for row, text in enumerate(texts):
            amounts = [one.strip() for one in text.split(split)] if text else []
            named = [one.strip() for one in symbols[row].split(split)]
            at = [one.strip() for one in contracts[row].split(split)]
            if not amounts:
                continue
            if len(named) != len(amounts):
                self._wrong(row, leg.amount, "has another number of amounts than of currencies")
                continue
            at = at if len(at) == len(amounts) else [""] * len(amounts)
            flat += [(row, *one) for one in zip(amounts, named, at, strict=True)]
        read = numbers.decimals(
            pl.Series([one[1] for one in flat], dtype=pl.String), precision=36, scale=18, dtype=MONEY, exact=True
        )
        for mask, reason in read.wrong:
            for place in mask.fill_null(value=False).arg_true():
                self._wrong(flat[place][0], leg.amount, reason)
        found: list[list[tuple[Decimal, str, str]]] = [[] for _ in texts]
        for (row, _, symbol, contract), value in zip(flat, read.values.to_list(), strict=True):
            if value is not None:
                found[row].append((value, symbol, contract))
        return found

    def _chain(self, row: int) -> int:
        if self.layout.options.get("gas_is_chain") and not self.cells.has("chain"):
            return 1
        for field in ("chain", "location"):
            if self.cells.has(field):
                name = self._text(field)[row]
                if name.lower() in self.layout.options.get("exchanges", ()):
                    return 0
                number = chain_number(name) if name else None
                if number is None:
                    self._wrong(row, field, "is no chain that is known")
                return number or 0
        return 0

    def _account(self, row: int) -> str:
        if self.cells.has("location"):
            return self._text("location")[row].lower() or self.account
        named = dict.fromkeys(leg.account for leg in self.layout.legs if leg.account)
        return next((one for one in (self._account_named(row, field) for field in named) if one), self.account)

    def _account_of(self, row: int, leg: Leg, entry: Entry) -> str:
        return (self._account_named(row, leg.account) if leg.account else "") or entry.account

    def _account_named(self, row: int, field: str) -> str:
        """The account a field names, without what the vendor adds to it."""
        return re.sub(self.layout.options.get("account_suffix", "$^"), "", self._text(field)[row])

    def _failed(self, row: int, status: str) -> bool:
        options = self.layout.options
        if "failed" not in options or not self.cells.has("status"):
            return False
        if status not in options["failed"] and status not in options["confirmed"]:
            self._wrong(row, "status", "is no status that is known")
        return status in options["failed"]

    def _asset(self, row: int, symbol: str, contract: str, chain: int, leg: Leg) -> Asset | None:
        key = (symbol, chain, contract)
        if key not in self._found:
            self._found[key] = self._resolve(symbol, contract, chain)
        found = self._found[key]
        if found is None:
            field = next((one for one in leg.asset.split("|") if self.cells.has(one)), leg.amount)
            self._wrong(row, field, self._why(symbol, contract, chain))
        return found

    def _named(self, symbol: str) -> str:
        said = symbol.upper() if symbol.upper() in self.layout.aliases else symbol
        bare = re.sub(self.layout.options["suffix"], "", said) if "suffix" in self.layout.options else said
        return self.layout.aliases.get(said) or self.layout.aliases.get(bare) or bare

    def _resolve(self, symbol: str, contract: str, chain: int) -> Asset | None:
        if token := _TOKEN.fullmatch(symbol):
            contract, chain = token[2], int(token[1])
        name = self._named(symbol)
        first = self._since()
        if contract.lower() not in NATIVE and chain:
            known = self.assets.by_contract(chain, contract)
            if known is None and self.register and not token:
                known = self.assets.register(name, since=first, chain=chain, contract=contract)
            return known
        found = self.assets.by_symbol(name, chain=chain or None)
        if isinstance(found, Asset):
            return found
        if "several" in found:
            options = self.assets.named(name, chain or None)
            about = f"{self.table.file}: {found}: which is meant?"
            answer = self.answers.ask(f"asset|{self.layout.vendor}|{name}|{chain}", about, [one.id for one in options])
            return self.assets.by_id(answer) if answer else options[0]
        if name in FIAT:
            return self.assets.register(name, since=first, note={"fiat": True, "peg": name})
        if self.register and re.fullmatch(r"[A-Za-z0-9.$-]{1,20}", name) and not token:
            native = name.upper() in _natives(chain) if chain else True
            return self.assets.register(name, since=first, chain=None if native else chain)
        return None

    def _why(self, symbol: str, contract: str, chain: int) -> str:
        if not symbol:
            return "is empty beside an amount"
        if (contract and contract.lower() not in NATIVE) or _TOKEN.fullmatch(symbol):
            return "is a token whose contract is not registered; add --register"
        found = self.assets.by_symbol(self._named(symbol), chain=chain or None)
        return f"is not known: {found}; add --register" if isinstance(found, str) else "is not known"

    def _since(self) -> datetime:
        first = self.cells.times(milliseconds=False).drop_nulls().min()
        return first if isinstance(first, datetime) else datetime.fromisoformat("2009-01-03T00:00:00+00:00")

    # Rows that belong together

    def _key(self, row: int, entry: Entry, seen: dict[str, int]) -> str:
        """What makes a row this event in every export: its group, hash or id, else all its cells and its count."""
        vendor = self.layout.vendor
        if self.cells.has("group") and (group := self._text("group")[row]):
            return f"{vendor}|{entry.account}|{group}"
        if entry.hash:
            return f"{entry.chain}|{entry.hash}"
        if self.cells.has("id") and entry.reference:
            return f"{vendor}|{entry.account}|{entry.reference}"
        cells = "|".join(str(one) for one in self.table.rows.row(row))
        seen[cells] = seen.get(cells, 0) + 1
        return f"{vendor}|{entry.account}|{sha256(cells.encode()).hexdigest()[:32]}|{seen[cells]}"

    def _together(self, rows: list[Entry]) -> Iterator[Entry]:
        """The entries of one group: rows of one kind are one, and fees alone belong to the first."""
        kinds: dict[str, Entry] = {}
        fees = [one for one in rows if one.kind == "fee"]
        for one in rows:
            if one.kind == "fee":
                continue
            if (first := kinds.get(one.kind)) is None:
                kinds[one.kind] = one
                continue
            first.moves += one.moves
            first.fees += one.fees
            _pay(first, one)
        found = list(kinds.values()) or [self._alone(fees)]
        for one in fees if kinds else []:
            found[0].fees += one.fees
            _pay(found[0], one)
        for number, one in enumerate(found):
            if number:
                one.key = f"{one.key}|{one.kind}"
            if one.kind == "trade" and not one.failed and len({move.amount > 0 for move in one.moves}) == 1:
                place = one.places[0]
                self.problems.add(
                    pl.DataFrame({"file": [place.file], "place": [place.word], "number": [place.number]}),
                    pl.Series([True]), "is a trade with one side: its other row is missing",
                )  # fmt: skip
            yield one

    def _alone(self, fees: list[Entry]) -> Entry:
        first = fees[0]
        for one in fees[1:]:
            first.fees += one.fees
            _pay(first, one)
        first.kind = "approve"
        return first

    def _check_balances(
        self, dropped: list[bool], times: pl.Series, legs: list[tuple[Leg, list[list[tuple[Any, ...]]]]]
    ) -> None:
        """Compare the balance that each row states with the one before it and what the row moved."""
        if not self.cells.has("balance"):
            return
        balances = self.cells.decimals("balance", exact=True, needed=False).to_list()
        names = self._text("asset")
        rows = [row for row in range(self.cells.height) if not dropped[row] and balances[row] is not None]
        if (
            len(rows) > 1
            and times[rows[0]] is not None
            and times[rows[-1]] is not None
            and times[rows[0]] > times[rows[-1]]
        ):
            rows.reverse()
        last: dict[str, tuple[int, Decimal]] = {}
        for row in rows:
            moved = Decimal(0)
            for leg, values in legs:
                for amount, symbol, _ in values[row]:
                    if symbol == names[row]:
                        moved += -abs(amount) if leg.role == "fee" else amount
            if names[row] in last and last[names[row]][1] + moved != balances[row]:
                off = balances[row] - last[names[row]][1] - moved
                self.problems.remark(
                    f"{self._rows([row])}: the file's own balance of {names[row]} is off by {off.normalize():f}: "
                    "a row before it is missing"
                )
            last[names[row]] = (row, balances[row])
        for name, (row, balance) in last.items():
            asset = self._resolve(name, "", 0)
            if asset is not None and times[row] is not None:
                self.stated.append(Stated(self.account, asset, times[row], balance))


def _spelled(word: str) -> str:
    """A word of a vendor without what its exports differ in: capitals, and `_` for a blank."""
    return word.strip().lower().replace("_", " ")


def _amount(text: str) -> Decimal | None:
    """A number of a note, with commas between thousands; None where it is none or has too many digits."""
    plain = pl.Series([text.replace(",", "")])
    read = numbers.decimals(plain, precision=36, scale=18, dtype=MONEY, exact=True).values.item()
    return read if isinstance(read, Decimal) else None


def _by_sides(entry: Entry) -> str:
    came = any(one.amount > 0 for one in entry.moves)
    went = any(one.amount < 0 for one in entry.moves)
    if came and went:
        return "trade"
    return "deposit" if came else "withdraw" if went else "approve"


def _natives(chain: int) -> Mapping[str, None]:
    """The names the coin of a chain has or had."""
    return dict.fromkeys(coin.symbol for coin in NATIVE_COINS if coin.chain == chain)


def _pay(entry: Entry, other: Entry) -> None:
    """Add the gas and the rows of another entry of the same event."""
    if other.gas is not None:
        entry.gas, entry.coin = (entry.gas or Decimal(0)) + other.gas, other.coin
    entry.places += other.places
