"""Read files of exchanges, portfolios and trackers into entries, by the legs and kinds of their layout.

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
from ys_analytics.ingest.entries import CHOICES, INCOMING_KINDS, OUTGOING_KINDS, Entry, Move, Place
from ys_analytics.ingest.layout import Leg
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import MONEY
from ys_analytics.schemas.coins import NATIVE_COINS

_TOKEN = re.compile(r"eip155:(\d+)/erc20:(0x[0-9a-fA-F]{40})")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_MAX_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of a row, and the sign of its amount where the kind determines it."""

    word: str
    sign: int = 0

    @classmethod
    def read(cls, text: str) -> "Kind":
        """A kind as a layout writes it: a word, and a sign where the word alone does not say.

        >>> Kind.read("trade -"), Kind.read("deposit")
        (Kind(word='trade', sign=-1), Kind(word='deposit', sign=1))
        """
        word, _, sign = text.partition(" ")
        usual = 1 if word in INCOMING_KINDS else -1 if word in OUTGOING_KINDS else 0
        return cls(word, {"+": 1, "-": -1}.get(sign, usual))


@dataclass(frozen=True, slots=True)
class StatedBalance:
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
        """Read `table`; errors are added to `problems`, open questions to `answers`."""
        self.table = table
        self.layout = table.layout
        self.cells = Cells(table, problems)
        self.assets = assets
        self.problems = problems
        self.answers = answers
        self.register = register
        self.account = account or self.layout.vendor
        self.stated_balances: list[StatedBalance] = []
        self._asset_cache: dict[tuple[str, int, str], Asset | None] = {}

    @all_digits()
    def entries(self) -> list[Entry]:
        """The rows of the file as entries, those of one event together."""
        dropped = self._absent_rows()
        kinds = self._kinds(dropped)
        times = self.cells.times(milliseconds=False)
        legs = [(leg, self._amounts(leg)) for leg in self.layout.legs]
        grouped: dict[str, list[Entry]] = {}
        origin = self.table.origin.rows()
        repeats: dict[str, int] = {}
        for row in range(self.cells.height):
            kind, time = kinds[row], times[row]
            if dropped[row] or kind is None or time is None or kind.word == "ignore":
                continue
            event = self._entry(row, kind, time, legs)
            event.places = [Place(*origin[row])]
            event.key = self._key(row, event, repeats)
            grouped.setdefault(event.key, []).append(event)
        self._check_balances(dropped, times, legs)
        return [entry for rows in grouped.values() for entry in self._merge_group(rows)]

    # Rows

    def _absent_rows(self) -> list[bool]:
        is_absent = pl.repeat(False, self.cells.height, eager=True)  # noqa: FBT003 - a column of no
        for field, words in self.layout.absent.items():
            matches = self.cells.text(field).fill_null("").is_in(list(words))
            if count := int(matches.sum()):
                column = self.table.columns.get(field, field)
                why = f"without {column} were left out: not booked" if "" in words else f"were left out by {column}"
                self.problems.remark(f"{count:,} rows of {self.table.file} {why}")
            is_absent |= matches
        return is_absent.to_list()

    def _kinds(self, dropped: list[bool]) -> list[Kind | None]:
        """The kind of each row; a word that the layout does not know is a question."""
        layout = self.layout
        if "kind" not in layout.fields:
            return [Kind.read("sides")] * self.cells.height
        words = self.cells.text("kind").fill_null("").to_list()
        subkinds = self.cells.text("subkind").fill_null(self.cells.text("other_subkind")).fill_null("").to_list()
        notes = self._text("note")
        earned = layout.options.get("income_note", "(?!)")
        kinds = {_normalised(vendor_word): kind for vendor_word, kind in layout.kinds.items()}
        locations = self.cells.text("location").fill_null("").str.to_lowercase().to_list()
        exchanges = set(layout.options.get("exchanges", ()))
        kind_of_row: list[Kind | None] = []
        unknown: dict[str, list[int]] = {}
        for row, (word, subkind, location) in enumerate(zip(words, subkinds, locations, strict=True)):
            combined = f"{word}/{subkind}" if "subkind" in layout.fields else word
            choices = [f"exchange:{combined}"] if location in exchanges else []
            known = next(
                (kinds[_normalised(choice)] for choice in (*choices, combined, word) if _normalised(choice) in kinds),
                None,
            )
            if known == "deposit" and re.search(earned, notes[row]):
                known = "income"
            kind_of_row.append(None if known is None else Kind.read(known))
            if known is None and not dropped[row]:
                unknown.setdefault(combined, []).append(row)
        for word, rows in unknown.items():
            about = f"{self._rows_text(rows)}: what is {word!r}?"
            answer = self.answers.ask(f"kind|{layout.vendor}|{word}", about, CHOICES)
            for row in rows:
                kind_of_row[row] = Kind.read({"trade": "sides"}.get(answer, answer)) if answer else None
        return kind_of_row

    def _rows_text(self, rows: list[int]) -> str:
        numbers_ = self.table.origin["number"]
        listed = ", ".join(str(numbers_[row]) for row in rows[:_MAX_ROWS_SHOWN])
        more = f" and {len(rows) - _MAX_ROWS_SHOWN} more" if len(rows) > _MAX_ROWS_SHOWN else ""
        return f"{self.table.file} rows {listed}{more}"

    def _entry(
        self, row: int, kind: Kind, time: datetime, legs: list[tuple[Leg, list[list[tuple[Any, ...]]]]]
    ) -> Entry:
        chain = self._chain(row)
        text = {name: self._text(name)[row] for name in ("hash", "protocol", "status", "id", "counterparty")}
        hash_ = text["hash"].lower() if _HASH.fullmatch(text["hash"]) else ""
        stated_payment = self._stated_payment(row, kind)
        entry = Entry(
            key="", time=time, kind=kind.word, account=self._account(row), hash=hash_ if chain else "", chain=chain,
            protocol=text["protocol"] or text["counterparty"], reference=text["id"],
            failed=self._is_failed(row, text["status"]),
        )  # fmt: skip
        if kind.word == "convert":
            self._convert(row, entry)
        for leg, values in legs:
            if leg.kinds and kind.word not in leg.kinds:
                continue
            for amount, symbol, contract in values[row]:
                if stated_payment and leg.sign == "against" and stated_payment[1] != symbol:
                    self._add_leg(row, entry, kind, leg, *stated_payment, "")
                    self.problems.remark(f"of {self.table.columns['note']} say in which currency it was paid", 1)
                else:
                    self._add_leg(row, entry, kind, leg, amount, symbol, contract)
        if kind.word in {"internal", "approve"} or entry.failed:
            entry.moves = []
        self._classify(row, entry)
        return entry

    def _classify(self, row: int, entry: Entry) -> None:
        """What the row is, where the vendor's word leaves it to its sides."""
        if entry.kind in {"buy", "sell", "convert"}:
            entry.kind = "trade"
        elif entry.kind == "sides":
            entry.kind = _kind_by_sides(entry)
        elif entry.kind == "gain":
            entry.kind = "income" if any(move.amount > 0 for move in entry.moves) else "spent"
        elif entry.kind == "transfer":
            self._classify_transfer(row, entry)

    def _classify_transfer(self, row: int, entry: Entry) -> None:
        """A row that has both sides of a transfer: between two accounts, or to and from an account of no name."""
        net = {move.asset.id: move for move in entry.net()}
        outgoing, incoming = ([move for move in entry.moves if move.amount * sign > 0] for sign in (-1, 1))
        if (
            len(outgoing) == len(incoming) == 1
            and outgoing[0].asset.id == incoming[0].asset.id
            and outgoing[0].account != incoming[0].account
        ):
            entry.kind, entry.protocol = "bridge", entry.protocol or "own accounts"
            if any(move.amount > 0 for move in net.values()):
                self._note_problem(row, "received", "is more than was sent")
        else:
            entry.kind = _kind_by_sides(entry)

    def _stated_payment(self, row: int, kind: Kind) -> tuple[Decimal, str] | None:
        """What the note of a purchase or sale says was paid or got, where its price is stated in another currency."""
        pattern = self.layout.options.get("trade")
        if pattern is None or kind.word not in {"buy", "sell"}:
            return None
        match_ = re.match(pattern, self._text("note")[row])
        amount = None if match_ is None else _amount(match_["amount"])
        return None if match_ is None or amount is None else (amount, match_["currency"])

    def _add_leg(  # noqa: PLR0917 - a cell of a row
        self, row: int, entry: Entry, kind: Kind, leg: Leg, amount: Decimal, symbol: str, contract: str
    ) -> None:
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
        signed = self._signed_amount(row, kind, leg, amount)
        if signed is None:
            return
        if leg.role == "gas" and entry.chain and asset.symbol.upper() in _native_symbols(entry.chain):
            entry.gas, entry.coin = (entry.gas or Decimal(0)) + abs(signed), asset
        elif leg.role in {"fee", "gas"} or kind.word == "fee":
            gas = self.layout.options.get("gas")
            cost = abs(signed)
            if gas and entry.protocol == gas and entry.chain and asset.symbol.upper() in _native_symbols(entry.chain):
                entry.gas, entry.coin = (entry.gas or Decimal(0)) + cost, asset
            else:
                entry.fees.append(Move(asset, cost, account))
        else:
            entry.moves.append(Move(asset, signed, account))

    def _signed_amount(self, row: int, kind: Kind, leg: Leg, amount: Decimal) -> Decimal | None:
        """The signed amount: incoming is positive."""
        if leg.sign == "signed":
            return amount
        if leg.sign in {"+", "-"}:
            if amount < 0:
                self._note_problem(row, leg.amount, "is negative where this layout writes no sign")
                return None
            return amount if leg.sign == "+" else -amount
        if kind.word in {"internal", "approve", "sides"} or not kind.sign:
            return amount
        direction = -kind.sign if leg.sign == "against" else kind.sign
        if amount < 0 and direction > 0 and leg.sign == "kind":
            self._note_problem(row, leg.amount, f"is negative, and a {kind.word} brings in")
            return None
        return abs(amount) * direction

    def _convert(self, row: int, entry: Entry) -> None:
        """Both sides of a conversion whose second side stands in a note."""
        match_ = re.match(self.layout.options["convert"], self._text("note")[row])
        if match_ is None:
            self._note_problem(row, "note", "does not say what was converted into what", quoted=False)
            return
        for sign, amount, symbol in ((-1, match_["sent"], match_["from"]), (1, match_["received"], match_["to"])):
            asset = self._asset(row, symbol, "", entry.chain, self.layout.legs[0])
            parsed = _amount(amount)
            if asset is not None and parsed is not None:
                entry.moves.append(Move(asset, parsed * sign, entry.account))
            elif parsed is None:
                self._note_problem(row, "note", "states an amount that cannot be read", quoted=False)

    def _note_problem(self, row: int, field: str, text: str, *, quoted: bool = True) -> None:
        mask = pl.Series([index == row for index in range(self.cells.height)], dtype=pl.Boolean)
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
        if not cells.has_column(leg.amount):
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
        names = [name for name in leg.asset.split("|") if self.cells.has_column(name)]
        columns = [self._text(name) for name in names]
        return [next((symbol for symbol in row if symbol), "") for row in zip(*columns, strict=True)]

    def _split_amounts(
        self, leg: Leg, split: str, symbols: list[str], contracts: list[str]
    ) -> list[list[tuple[Decimal, str, str]]]:
        texts = self._text(leg.amount)
        lines: list[tuple[int, str, str, str]] = []
        for row, text in enumerate(texts):
            amounts = [amount.strip() for amount in text.split(split)] if text else []
            row_symbols = [symbol.strip() for symbol in symbols[row].split(split)]
            row_contracts = [contract.strip() for contract in contracts[row].split(split)]
            if not amounts:
                continue
            if len(row_symbols) != len(amounts):
                self._note_problem(row, leg.amount, "has another number of amounts than of currencies")
                continue
            row_contracts = row_contracts if len(row_contracts) == len(amounts) else [""] * len(amounts)
            lines += [(row, *cell) for cell in zip(amounts, row_symbols, row_contracts, strict=True)]
        parsed = numbers.decimals(
            pl.Series([line[1] for line in lines], dtype=pl.String), precision=36, scale=18, dtype=MONEY, exact=True
        )
        for mask, reason in parsed.wrong:
            for index in mask.fill_null(value=False).arg_true():
                self._note_problem(lines[index][0], leg.amount, reason)
        amounts_of_rows: list[list[tuple[Decimal, str, str]]] = [[] for _ in texts]
        for (row, _, symbol, contract), value in zip(lines, parsed.values.to_list(), strict=True):
            if value is not None:
                amounts_of_rows[row].append((value, symbol, contract))
        return amounts_of_rows

    def _chain(self, row: int) -> int:
        if self.layout.options.get("gas_is_chain") and not self.cells.has_column("chain"):
            return 1
        for field in ("chain", "location"):
            if self.cells.has_column(field):
                name = self._text(field)[row]
                if name.lower() in self.layout.options.get("exchanges", ()):
                    return 0
                number = chain_number(name) if name else None
                if number is None:
                    self._note_problem(row, field, "is no chain that is known")
                return number or 0
        return 0

    def _account(self, row: int) -> str:
        if self.cells.has_column("location"):
            return self._text("location")[row].lower() or self.account
        named = dict.fromkeys(leg.account for leg in self.layout.legs if leg.account)
        return next(
            (account for account in (self._account_named(row, field) for field in named) if account), self.account
        )

    def _account_of(self, row: int, leg: Leg, entry: Entry) -> str:
        return (self._account_named(row, leg.account) if leg.account else "") or entry.account

    def _account_named(self, row: int, field: str) -> str:
        """The account a field names, without what the vendor adds to it."""
        return re.sub(self.layout.options.get("account_suffix", "$^"), "", self._text(field)[row])

    def _is_failed(self, row: int, status: str) -> bool:
        options = self.layout.options
        if "failed" not in options or not self.cells.has_column("status"):
            return False
        if status not in options["failed"] and status not in options["confirmed"]:
            self._note_problem(row, "status", "is no status that is known")
        return status in options["failed"]

    def _asset(self, row: int, symbol: str, contract: str, chain: int, leg: Leg) -> Asset | None:
        key = (symbol, chain, contract)
        if key not in self._asset_cache:
            self._asset_cache[key] = self._resolve(symbol, contract, chain)
        asset = self._asset_cache[key]
        if asset is None:
            field = next((name for name in leg.asset.split("|") if self.cells.has_column(name)), leg.amount)
            self._note_problem(row, field, self._why_unknown(symbol, contract, chain))
        return asset

    def _our_symbol(self, symbol: str) -> str:
        aliased = symbol.upper() if symbol.upper() in self.layout.aliases else symbol
        without_suffix = (
            re.sub(self.layout.options["suffix"], "", aliased) if "suffix" in self.layout.options else aliased
        )
        return self.layout.aliases.get(aliased) or self.layout.aliases.get(without_suffix) or without_suffix

    def _resolve(self, symbol: str, contract: str, chain: int) -> Asset | None:
        if token := _TOKEN.fullmatch(symbol):
            contract, chain = token[2], int(token[1])
        name = self._our_symbol(symbol)
        since = self._first_time()
        if contract.lower() not in NATIVE and chain:
            registered = self.assets.by_contract(chain, contract)
            if registered is None and self.register and not token:
                registered = self.assets.register(name, since=since, chain=chain, contract=contract)
            return registered
        by_symbol = self.assets.by_symbol(name, chain=chain or None)
        if isinstance(by_symbol, Asset):
            return by_symbol
        if "several" in by_symbol:
            options = self.assets.candidates(name, chain or None)
            about = f"{self.table.file}: {by_symbol}: which is meant?"
            answer = self.answers.ask(
                f"asset|{self.layout.vendor}|{name}|{chain}", about, [option.id for option in options]
            )
            return self.assets.by_id(answer) if answer else options[0]
        if name in FIAT:
            return self.assets.register(name, since=since, metadata={"fiat": True, "peg": name})
        if self.register and re.fullmatch(r"[A-Za-z0-9.$-]{1,20}", name) and not token:
            native = name.upper() in _native_symbols(chain) if chain else True
            return self.assets.register(name, since=since, chain=None if native else chain)
        return None

    def _why_unknown(self, symbol: str, contract: str, chain: int) -> str:
        if not symbol:
            return "is empty next to an amount"
        if (contract and contract.lower() not in NATIVE) or _TOKEN.fullmatch(symbol):
            return "is a token whose contract is not registered; add --register"
        found = self.assets.by_symbol(self._our_symbol(symbol), chain=chain or None)
        return f"is not known: {found}; add --register" if isinstance(found, str) else "is not known"

    def _first_time(self) -> datetime:
        first = self.cells.times(milliseconds=False).drop_nulls().min()
        return first if isinstance(first, datetime) else datetime.fromisoformat("2009-01-03T00:00:00+00:00")

    # Rows that belong together

    def _key(self, row: int, entry: Entry, repeats: dict[str, int]) -> str:
        """The key that identifies a row's event in every export: group, hash or id, else all cells and a count."""
        vendor = self.layout.vendor
        if self.cells.has_column("group") and (group := self._text("group")[row]):
            return f"{vendor}|{entry.account}|{group}"
        if entry.hash:
            return f"{entry.chain}|{entry.hash}"
        if self.cells.has_column("id") and entry.reference:
            return f"{vendor}|{entry.account}|{entry.reference}"
        row_text = "|".join(str(cell) for cell in self.table.rows.row(row))
        repeats[row_text] = repeats.get(row_text, 0) + 1
        return f"{vendor}|{entry.account}|{sha256(row_text.encode()).hexdigest()[:32]}|{repeats[row_text]}"

    def _merge_group(self, rows: list[Entry]) -> Iterator[Entry]:
        """The entries of one group: rows of one kind are one, and fees alone belong to the first."""
        by_kind: dict[str, Entry] = {}
        fees = [entry for entry in rows if entry.kind == "fee"]
        for entry in rows:
            if entry.kind == "fee":
                continue
            if (first := by_kind.get(entry.kind)) is None:
                by_kind[entry.kind] = entry
                continue
            first.moves += entry.moves
            first.fees += entry.fees
            _add_gas_of(first, entry)
        merged = list(by_kind.values()) or [self._fee_entry(fees)]
        for entry in fees if by_kind else []:
            merged[0].fees += entry.fees
            _add_gas_of(merged[0], entry)
        for number, entry in enumerate(merged):
            if number:
                entry.key = f"{entry.key}|{entry.kind}"
            if entry.kind == "trade" and not entry.failed and len({move.amount > 0 for move in entry.moves}) == 1:
                place = entry.places[0]
                self.problems.add(
                    pl.DataFrame({"file": [place.file], "place": [place.word], "number": [place.number]}),
                    pl.Series([True]), "is a trade with one side: its other row is missing",
                )  # fmt: skip
            yield entry

    def _fee_entry(self, fees: list[Entry]) -> Entry:
        first = fees[0]
        for fee in fees[1:]:
            first.fees += fee.fees
            _add_gas_of(first, fee)
        first.kind = "approve"
        return first

    def _check_balances(
        self, dropped: list[bool], times: pl.Series, legs: list[tuple[Leg, list[list[tuple[Any, ...]]]]]
    ) -> None:
        """Compare the balance that each row states with the one before it and what the row moved."""
        if not self.cells.has_column("balance"):
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
        last_balances: dict[str, tuple[int, Decimal]] = {}
        for row in rows:
            change = Decimal(0)
            for leg, values in legs:
                for amount, symbol, _ in values[row]:
                    if symbol == names[row]:
                        change += -abs(amount) if leg.role == "fee" else amount
            if names[row] in last_balances and last_balances[names[row]][1] + change != balances[row]:
                difference = balances[row] - last_balances[names[row]][1] - change
                self.problems.remark(
                    f"{self._rows_text([row])}: the file's own balance of {names[row]} is off by"
                    f" {difference.normalize():f}: a row before it is missing"
                )
            last_balances[names[row]] = (row, balances[row])
        for name, (row, balance) in last_balances.items():
            asset = self._resolve(name, "", 0)
            if asset is not None and times[row] is not None:
                self.stated_balances.append(StatedBalance(self.account, asset, times[row], balance))


def _normalised(word: str) -> str:
    """A word of a vendor without what its exports differ in: capitals, and `_` for a blank."""
    return word.strip().lower().replace("_", " ")


def _amount(text: str) -> Decimal | None:
    """A number of a note, with commas between thousands; None where it is none or has too many digits."""
    without_commas = pl.Series([text.replace(",", "")])
    digits = numbers.decimals(without_commas, precision=36, scale=18, dtype=MONEY, exact=True).values.item()
    return digits if isinstance(digits, Decimal) else None


def _kind_by_sides(entry: Entry) -> str:
    has_incoming = any(move.amount > 0 for move in entry.moves)
    has_outgoing = any(move.amount < 0 for move in entry.moves)
    if has_incoming and has_outgoing:
        return "trade"
    return "deposit" if has_incoming else "withdraw" if has_outgoing else "approve"


def _native_symbols(chain: int) -> Mapping[str, None]:
    """The present and former symbols of a chain's native coin."""
    return dict.fromkeys(coin.symbol for coin in NATIVE_COINS if coin.chain == chain)


def _add_gas_of(entry: Entry, other: Entry) -> None:
    """Add the gas and the rows of another entry of the same event."""
    if other.gas is not None:
        entry.gas, entry.coin = (entry.gas or Decimal(0)) + other.gas, other.coin
    entry.places += other.places
