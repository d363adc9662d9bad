"""From a portfolio's transactions to its lots: what was bought when and for how much, and what it was sold for.

Frames in, frames out; opens nothing. Exact Decimals; the treatment of each event is stated in `lots`.
Depends on `metrics.lots` for matching. Does not know any country's tax law: what is left to choose is an option.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Literal

import polars as pl

from ys_analytics.desk.activity import in_order
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.metrics.lots import CENT, DIGITS, Inventory, Lot, Matching, shared
from ys_analytics.schemas import MONEY, TIME
from ys_analytics.schemas.coins import NATIVE_COINS
from ys_analytics.schemas.outcomes import moves

# An older quote is no price, as for flows.
_FRESH = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_BORROWING = "borrowing"
# Kinds of rows: of lots that are left, and of parts whose gain counts.
_LEFT, _TAXED = ("open", "aside"), ("sale", "exit", "gas")
_INTO, _OUT_OF = ("deposit", "stake"), ("withdraw", "unstake")

Leaving = Literal["transfer", "sale"]
Repaying = Literal["no_gain", "sale"]
Fees = Literal["in_gain", "expense"]

_LOTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "asset_id": pl.String, "symbol": pl.String, "kind": pl.String, "origin": pl.String, "acquired": TIME,
    "disposed": TIME, "holding_days": pl.Int64, "quantity": MONEY, "cost": MONEY, "proceeds": MONEY, "fees": MONEY,
    "gain": MONEY, "unrecognised": MONEY, "worth": MONEY, "unrealised": MONEY, "unmatched": pl.Boolean,
    "reason": pl.String, "transaction_hash": pl.String,
}  # fmt: skip
_EVENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "timestamp": TIME, "asset_id": pl.String, "symbol": pl.String, "kind": pl.String, "quantity": MONEY,
    "value": MONEY, "reason": pl.String, "transaction_hash": pl.String,
}  # fmt: skip
_DEBTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "asset_id": pl.String, "symbol": pl.String, "borrowed": TIME, "quantity": MONEY, "value": MONEY, "worth": MONEY,
    "unrealised": MONEY, "reason": pl.String,
}  # fmt: skip

_NO_PRICE = "no price within 24 hours before it"
_NO_COST = "its cost is not known: it had no price when it came, or was never seen to come"
_NEVER_CAME = "left beyond what the transactions show to have come; it is in no gain"
_OVERPAID = "repaid beyond what the transactions show to have been borrowed"


@dataclass(frozen=True, slots=True)
class Books:
    """What `lots` gives.

    Attributes:
        lots: One row for each part of a lot that left, and for each lot that is left.
        income: What was earned: timestamp, asset_id, symbol, kind, quantity, value in USD when it came, reason.
        expenses: What was spent beside trades, of the same shape: gas, interest on debts.
        debts: What is owed at the end: asset_id, symbol, borrowed, quantity, value in USD when it was borrowed,
            worth now, unrealised (value less worth), reason.
    """

    lots: pl.DataFrame
    income: pl.DataFrame
    expenses: pl.DataFrame
    debts: pl.DataFrame


def lots(
    done: pl.DataFrame,
    assets: pl.DataFrame,
    quotes: pl.DataFrame,
    *,
    at: datetime,
    grown: pl.DataFrame | None = None,
    matching: Matching = "fifo",
    year: int | None = None,
    leaving: Leaving = "transfer",
    repaying: Repaying = "no_gain",
    gas: Fees = "in_gain",
) -> Books:
    """Every lot of one portfolio, by its transactions: acquired, disposed, cost, proceeds, gain.

    Lots are kept per asset over all wallets and chains. Values are quantities at the last quote not older than 24
    hours at the moment. Events happen in the order of `activity.in_order`; of one transaction gas leaves first, then
    what is given, then what is received comes.

    * A purchase or sale (`swap`, `bridge` into another coin, `claim` with both sides) is worth its side in a coin
      pegged to a currency; where neither or both are, what was received; where that has no price, the other side.
      That value is the proceeds of what left and the cost of what came.
    * What crosses the edge inwards is a lot that cost its value then, or what `metadata.cost_basis` states in USD.
      What leaves over the edge takes its cost along: no gain unless `leaving="sale"`.
    * Into a position and back (`deposit`, `stake`, `withdraw`, `unstake` inside, `bridge` of one coin, a `swap` one
      for one within a coin's family, such as wrapping or MATIC to POL) is neither purchase nor sale: lots keep their
      dates and cost. A share or receipt remembers which coin, and how much of it, was put in. What comes back of that
      coin, those lots first, keeps date and cost up to the quantity put in; what comes beyond it is the position's
      gain at its value then (kind exit, cost 0, and a lot of that cost), what is missing its loss (kind exit,
      proceeds 0). What comes out of a pool as another coin was sold for it. A bridge's fee is part of the cost.
      A side that is not stated waits under the protocol's name and comes back first.
    * Borrowed coins are a lot that cost their value then, and a debt of that value. Repaying takes borrowed lots of
      the coin first and ends the oldest debts: no gain, unless `repaying="sale"`: then value of the debt less cost,
      as for a short sale. Interest added to a debt is an expense.
    * Claims without a given side are income at their value then, and a lot of that cost.
    * Gas is a sale of the native coin for its cost in USD. That cost is also a fee of the trade: part of the cost of
      what is bought with a coin pegged to a currency, else off the proceeds of what is sold; gas of all else, gas
      whose cost is not known, and with `gas="expense"` of trades too, is an expense. Failed transactions pay it too.
    * What leaves beyond what came is unmatched: its proceeds are stated, and no gain.

    Args:
        done: What `activity.with_gas` gave of classified transactions of one portfolio.
        assets: `assets`.
        quotes: `market_data` of every asset that moved.
        grown: What `rebasing.credited` gave: its rows of cause rebase, balances that grew without a transaction, are
            income of that moment (after the transactions of it) and a lot of that cost. None: nothing grew.
        at: Events after it do not count; open lots are valued at the last quote before it.
        matching: The oldest lot first, the latest, the dearest, or all at their average cost (a lot then has no date).
        year: Only what left in this UTC year, and what was left at its end (or at `at`, if that is earlier).
        leaving: Whether withdrawals are transfers to the owner or sales at their value.
        repaying: Whether a repayment has no gain, or that of a short sale.
        gas: Whether a trade's gas is part of its gain.

    Returns:
        `Books`. Its lots: asset_id, symbol, kind (sale, exit, gas, transfer, repayment, move, open, aside) String;
        origin (purchase, deposit, income, loan, unknown; several under average cost); acquired, disposed Datetime;
        holding_days Int64; quantity, cost, proceeds (fees taken off), fees (what was taken off), gain = proceeds -
        cost, unrecognised (for transfers and repayments: value less cost, in no gain), worth and unrealised of open
        lots, in USD, Decimal(38, 18); unmatched Boolean; reason String (why gain or unrealised is null);
        transaction_hash of what it left by. Closed rows come in the order they left, open ones after them.

    Identity (test): with prices for all, gain + unrecognised + unrealised of lots + income - expenses + unrealised
        of debts = worth at `at` - external flows = the sum of the bridge's terms over the whole life.
    """
    end = at if year is None else min(at, datetime(year + 1, 1, 1, tzinfo=UTC) - _MICROSECOND)
    registry = Registry(assets)
    known = in_order(done.filter(pl.col("timestamp") <= end))
    rows = _valued(known if grown is None else _with_growth(known, grown, end), quotes)
    book = _Book(registry, matching, leaving, repaying, gas)
    with localcontext(prec=DIGITS):
        for row in rows.iter_rows(named=True):
            book.enter(_Event(row))
        book.close(_last(quotes, end))
    return _framed(book, year)


def totals(books: Books) -> pl.DataFrame:
    """Gains by asset: what the books of `lots` come to.

    Args:
        books: What `lots` gave.

    Returns:
        asset_id, symbol String; quantity, cost, unrealised of what is left; realised, unrecognised, fees of what left;
        income, expenses; unmatched (quantity) and unmatched_proceeds; Decimal(38, 18), zero where nothing of the kind
        happened, null where a part is not known; reason String. Sorted by symbol and id. Debts are not in it.
    """
    left, taxed, unmatched = pl.col("kind").is_in(_LEFT), pl.col("kind").is_in(_TAXED), pl.col("unmatched")
    parts = {
        "quantity": (books.lots.filter(left), "quantity"),
        "cost": (books.lots.filter(left), "cost"),
        "unrealised": (books.lots.filter(left), "unrealised"),
        "realised": (books.lots.filter(taxed & ~unmatched), "gain"),
        "unrecognised": (books.lots.filter(~left & ~taxed & ~unmatched), "unrecognised"),
        "fees": (books.lots.filter(~left), "fees"),
        "income": (books.income, "value"),
        "expenses": (books.expenses, "value"),
        "unmatched": (books.lots.filter(unmatched), "quantity"),
        "unmatched_proceeds": (books.lots.filter(unmatched & taxed), "proceeds"),
    }
    by = ["asset_id", "symbol"]
    table = pl.concat([frame.select(by) for frame in (books.lots, books.income, books.expenses)]).unique()
    for name, (rows, column) in parts.items():
        amount, known = pl.col(column).sum(), pl.col(column).null_count() == 0
        sums = rows.group_by(by).agg(pl.when(known).then(amount).alias(name), happened=pl.lit(value=True))
        none = pl.col("happened").is_null()
        table = (
            table.join(sums, on=by, how="left")
            .with_columns(pl.when(none).then(pl.lit(0, MONEY)).otherwise(name).alias(name))
            .drop("happened")
        )
    unknown = pl.concat(
        [
            books.lots.filter(left & pl.col("unrealised").is_null()),
            books.lots.filter(taxed & ~unmatched & pl.col("gain").is_null()),
        ]
    )
    reasons = unknown.group_by(by, maintain_order=True).agg(pl.col("reason").first())
    return table.join(reasons, on=by, how="left").sort("symbol", "asset_id")


def _with_growth(done: pl.DataFrame, grown: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """The transactions, and each growth of a balance as a claim without a transaction."""
    found = grown.filter((pl.col("cause") == "rebase") & (pl.col("timestamp") <= end)).select(
        "timestamp", to_asset_id="asset_id", to_amount="change", flow=pl.lit("internal"),
        transaction_type=pl.lit("claim", done.schema["transaction_type"]),
        status=pl.lit("confirmed", done.schema["status"]), metadata=pl.lit('{"action": "rebase"}'),
    )  # fmt: skip
    return pl.concat([done, found], how="diagonal").sort("timestamp", maintain_order=True)


def _valued(done: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """The transactions, in their order, with the price of each side at its moment."""
    known = quotes.select("asset_id", quoted="timestamp", price=pl.col("price").cast(MONEY)).drop_nulls().sort("quoted")
    rows = done.with_columns(moved=moves()).with_row_index("place")
    for side in ("from", "to"):
        named = known.rename({"asset_id": f"{side}_asset_id", "price": f"{side}_price"})
        rows = (
            rows.sort("timestamp", maintain_order=True)
            .join_asof(
                named, left_on="timestamp", right_on="quoted", by=f"{side}_asset_id", tolerance=_FRESH,
                check_sortedness=False,
            )
            .drop("quoted", strict=False)
        )  # fmt: skip
    return rows.sort("place").select(
        "timestamp", "moved", "flow", "metadata", "protocol_name", "transaction_hash", "from_asset_id", "from_amount",
        "from_price", "to_asset_id", "to_amount", "to_price", "gas_asset_id", "gas_amount", "gas", "gas_reason",
        kind=pl.col("transaction_type").cast(pl.String),
    )  # fmt: skip


def _last(quotes: pl.DataFrame, at: datetime) -> dict[str, Decimal]:
    """The last fresh price of each asset at a moment."""
    fresh = quotes.drop_nulls("price").filter(pl.col("timestamp").is_between(at - _FRESH, at))
    newest = fresh.sort("timestamp", maintain_order=True).group_by("asset_id", maintain_order=True).last()
    return dict(newest.select("asset_id", pl.col("price").cast(MONEY)).iter_rows())


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a transaction: a quantity of an asset, and its value in USD then, if it is known."""

    asset: str
    quantity: Decimal
    value: Decimal | None


class _Event:
    """A transaction as the books read it."""

    def __init__(self, row: dict[str, Any]) -> None:
        note = json.loads(row["metadata"] or "{}")
        self.note: dict[str, Any] = note if isinstance(note, dict) else {}
        self.time: datetime = row["timestamp"]
        self.hash: str | None = row["transaction_hash"]
        self.kind: str = row["kind"]
        self.external: bool = row["flow"] == "external"
        self.protocol: str = (row["protocol_name"] or "").strip()
        self.given, self.got = (_side(row, side) if row["moved"] else None for side in ("from", "to"))
        self.gas_asset: str | None = row["gas_asset_id"]
        self.gas: Decimal = row["gas_amount"] or Decimal(0)
        self.gas_cost: Decimal | None = row["gas"]
        self.gas_reason: str | None = row["gas_reason"]

    @property
    def borrows(self) -> bool:
        """Whether coins come in from a debt."""
        owed = self.note.get("from_position") == _BORROWING or self.note.get("action") == "borrow"
        return owed and self.got is not None

    @property
    def repays(self) -> bool:
        """Whether coins go out to end a debt."""
        owed = self.note.get("to_position") == _BORROWING or self.note.get("action") == "repay"
        return owed and self.given is not None

    @property
    def adds_interest(self) -> bool:
        """Whether a debt grows and nothing comes in."""
        return self.note.get("from_position") == _BORROWING and self.got is None and self.given is not None

    @property
    def cost_stated(self) -> Decimal | None:
        """What metadata says the coins had cost, in USD."""
        try:
            stated = Decimal(str(self.note["cost_basis"])).quantize(CENT)
        except (KeyError, InvalidOperation):
            return None
        return stated if stated >= 0 else None


def _side(row: dict[str, Any], side: str) -> _Side | None:
    asset, quantity, price = (row[f"{side}_{name}"] for name in ("asset_id", "amount", "price"))
    if asset is None or not quantity:
        return None
    return _Side(asset, quantity, None if price is None else (quantity * price).quantize(CENT))


@dataclass(slots=True)
class _Book:
    """All lots and debts of a portfolio; `enter` is the only thing that changes them."""

    registry: Registry
    matching: Matching
    leaving: Leaving
    repaying: Repaying
    gas: Fees
    held: dict[str, Inventory] = field(default_factory=dict)
    aside: dict[tuple[str, str], Inventory] = field(default_factory=dict)
    owed: dict[str, Inventory] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    income: list[dict[str, Any]] = field(default_factory=list)
    expenses: list[dict[str, Any]] = field(default_factory=list)
    debts: list[dict[str, Any]] = field(default_factory=list)

    def enter(self, event: _Event) -> None:
        """One transaction: its gas, then what it moved."""
        self._pay_gas(event)
        given, got = event.given, event.got
        trades = given is not None and got is not None and self._trades(event, given, got)
        fee = event.gas_cost if event.gas and trades and self.gas == "in_gain" else None
        if event.repays or event.borrows or event.adds_interest:
            self._lend(event)
        elif event.external:
            self._cross(event)
        elif given is None or got is None:
            self._one_side(event)
        elif trades:
            self._trade(event, given, got, fee)
        else:
            self._move(event, given, got)
        if event.gas and fee is None:
            side = _Side(event.gas_asset or "", event.gas, event.gas_cost)
            self._note(self.expenses, event, side, "gas", event.gas_reason)

    def close(self, prices: dict[str, Decimal]) -> None:
        """State what is left and what is owed at the end."""
        waiting = {asset: book for (asset, _), book in self.aside.items()}
        for kind, books in (("open", self.held.items()), ("aside", waiting.items())):
            for asset, book in books:
                for lot in book.lots:
                    self._open(kind, asset, lot, prices.get(asset))
        for asset, book in self.owed.items():
            for lot in book.lots:
                price = prices.get(asset)
                worth = None if price is None else (lot.quantity * price).quantize(CENT)
                self.debts.append({
                    "asset_id": asset, "symbol": self.registry.symbol(asset), "borrowed": lot.time,
                    "quantity": lot.quantity, "value": lot.cost, "worth": worth,
                    "unrealised": None if worth is None or lot.cost is None else lot.cost - worth,
                    "reason": _NO_PRICE if worth is None else _NO_COST if lot.cost is None else None,
                })  # fmt: skip

    # What an event is

    def _trades(self, event: _Event, given: _Side, got: _Side) -> bool:
        """Whether two sides are a purchase and a sale inside the portfolio, and not a move or a loan."""
        if event.external or event.repays or event.borrows:
            return False
        same = self._family(given.asset) == self._family(got.asset)
        if event.kind == "swap":
            return not (same and given.quantity == got.quantity)
        return event.kind == "claim" or (event.kind == "bridge" and not same)

    def _family(self, asset: str) -> str:
        """The coin an asset is, or is a receipt of, by the name it has now."""
        while (claim := self.registry.claims.get(asset)) is not None and claim.pool is None:
            asset = claim.legs[0]
        symbol = self.registry.symbol(asset).upper()
        return _RENAMED.get(symbol, symbol)

    # What it does

    def _trade(self, event: _Event, given: _Side, got: _Side, fee: Decimal | None) -> None:
        money, coins = self.registry.pegged(given.asset), not self.registry.pegged(got.asset)
        main, spare = (given, got) if money and coins else (got, given)
        value = spare.value if main.value is None else main.value
        buys = money and coins
        self._part(event, "sale", given, given.quantity, value, fee=None if buys else fee)
        cost = value + fee if value is not None and fee is not None and buys else value
        self._hold(got.asset).add(Lot(event.time, got.quantity, cost, "purchase"))

    def _move(self, event: _Event, given: _Side, got: _Side) -> None:
        """Lots that change their place, or the token that stands for them."""
        coin, own = self._family(got.asset), self._family(given.asset)
        out = event.kind in _OUT_OF and given.asset != got.asset
        parts, short = self._hold(given.asset).take(given.quantity, lambda lot: lot.source == coin)
        pieces = shared(got.quantity, [*(part.quantity for part in parts), *([short] if short else [])])
        worths = [None] * len(pieces) if got.value is None else shared(got.value, pieces)
        for part, piece, worth in zip(parts, pieces, worths, strict=False):
            if out and part.source == coin and part.put_in is not None:
                self._come_back(event, given.asset, got.asset, part, piece, worth)
            elif out and own != coin:
                self._row(event, "sale", given.asset, part, worth)
                self._hold(got.asset).add(Lot(event.time, piece, worth, "purchase"))
            elif event.kind in _INTO and given.asset != got.asset and not part.source:
                came = Lot(part.time, piece, part.cost, part.origin, own, part.quantity)
                self._hold(got.asset).add(came)
            else:
                self._hold(got.asset).add(replace(part, quantity=piece))
        if short:
            self._row(event, "move", given.asset, Lot(event.time, short, None), None, unmatched=True)
            self._hold(got.asset).add(Lot(event.time, pieces[-1], None, "unknown"))

    def _come_back(  # noqa: PLR0917 - two assets, and what left and came
        self, event: _Event, share: str, asset: str, part: Lot, piece: Decimal, worth: Decimal | None
    ) -> None:
        """Coins that were put in keep date and cost; what came beyond them is gain, what is missing is loss."""
        put_in = part.put_in or piece
        kept = min(piece, put_in)
        cost = part.cost if piece >= put_in or part.cost is None else (part.cost * piece / put_in).quantize(CENT)
        self._hold(asset).add(Lot(part.time, kept, cost, part.origin))
        if piece > put_in:
            more = None if worth is None else shared(worth, [kept, piece - kept])[1]
            self._row(event, "exit", share, replace(part, cost=Decimal(0)), more)
            self._hold(asset).add(Lot(event.time, piece - kept, more, "income"))
        elif piece < put_in:
            lost = None if part.cost is None or cost is None else part.cost - cost
            self._row(event, "exit", share, replace(part, cost=lost), Decimal(0))

    def _cross(self, event: _Event) -> None:
        """Over the edge, as the ruling on flows reads the sides."""
        given, got = event.given, event.got
        inward = {"deposit": got or given, "withdraw": None}.get(event.kind, got)
        outward = {"deposit": None, "withdraw": given or got}.get(event.kind, given)
        if outward:
            kind = "sale" if self.leaving == "sale" else "transfer"
            self._part(event, kind, outward, outward.quantity, outward.value)
        if inward:
            cost = inward.value if event.cost_stated is None else event.cost_stated
            self._hold(inward.asset).add(Lot(event.time, inward.quantity, cost, "deposit"))

    def _one_side(self, event: _Event) -> None:
        """What came or left alone inside the portfolio: income, something spent, or coins that wait elsewhere."""
        given, got = event.given, event.got
        if got and event.kind == "claim":
            self._note(self.income, event, got, "rebase" if event.note.get("action") == "rebase" else "claim")
            self._hold(got.asset).add(Lot(event.time, got.quantity, got.value, "income"))
        elif given and event.kind in {"claim", "swap"}:
            self._part(event, "sale", given, given.quantity, given.value)
            self._note(self.expenses, event, given, event.kind)
        elif given or got:
            self._wait(event)

    def _lend(self, event: _Event) -> None:
        """A loan taken, repaid, or grown by interest."""
        if event.repays:
            self._repay(event)
        elif event.borrows and event.got:
            self._owe(event, event.given or event.got)
            self._hold(event.got.asset).add(Lot(event.time, event.got.quantity, event.got.value, "loan"))
        else:
            self._owe(event, event.given)
            self._note(self.expenses, event, event.given, "interest")

    def _owe(self, event: _Event, side: _Side | None) -> None:
        if side:
            self.owed.setdefault(side.asset, Inventory("fifo")).add(Lot(event.time, side.quantity, side.value, "loan"))

    def _repay(self, event: _Event) -> None:
        given = event.given
        if given is None:
            return
        ended, beyond = self.owed.setdefault((event.got or given).asset, Inventory("fifo")).take(given.quantity)
        values = [one.cost for one in ended]
        value = None if None in values else sum((one for one in values if one is not None), Decimal(0))
        kind = "sale" if self.repaying == "sale" else "repayment"
        loans: Callable[[Lot], bool] = lambda lot: lot.origin == "loan"  # noqa: E731 - a test, given twice
        if ended:
            self._part(event, kind, given, given.quantity - beyond, value, first=loans)
        if beyond:
            self._part(event, "repayment", given, beyond, None, first=loans, reason=_OVERPAID)

    def _wait(self, event: _Event) -> None:
        """One side inside the portfolio: coins wait under the protocol's name, or come back from there."""
        if event.given:
            parts, short = self._hold(event.given.asset).take(event.given.quantity)
            book = self._waiting(event.given.asset, event.protocol)
            for part in parts:
                book.add(part)
            if short:
                self._row(event, "move", event.given.asset, Lot(event.time, short, None), None, unmatched=True)
        if event.got:
            parts, short = self._waiting(event.got.asset, event.protocol).take(event.got.quantity)
            for part in parts:
                self._hold(event.got.asset).add(part)
            if short:
                self._hold(event.got.asset).add(Lot(event.time, short, None, "unknown"))

    def _pay_gas(self, event: _Event) -> None:
        if event.gas and event.gas_asset is not None:
            side = _Side(event.gas_asset, event.gas, event.gas_cost)
            self._part(event, "gas", side, event.gas, event.gas_cost)

    # How it is written down

    def _hold(self, asset: str) -> Inventory:
        return self.held.setdefault(asset, Inventory(self.matching))

    def _waiting(self, asset: str, protocol: str) -> Inventory:
        return self.aside.setdefault((asset, protocol), Inventory(self.matching))

    def _part(
        self, event: _Event, kind: str, side: _Side, quantity: Decimal, value: Decimal | None, *,
        fee: Decimal | None = None, first: Callable[[Lot], bool] | None = None, reason: str = "",
    ) -> None:  # fmt: skip
        """Take a quantity out of the lots of an asset; a row for each part, and for what no lot was left for."""
        parts, short = self._hold(side.asset).take(quantity, first)
        parts = [*parts, *([Lot(event.time, short, None)] if short else [])]
        weights = [part.quantity for part in parts]
        values = [None] * len(parts) if value is None else shared(value, weights)
        fees = [Decimal(0)] * len(parts) if fee is None else shared(fee, weights)
        for place, (part, worth, paid) in enumerate(zip(parts, values, fees, strict=True)):
            beyond = bool(short) and place == len(parts) - 1
            self._row(event, kind, side.asset, part, worth, fee=paid, unmatched=beyond, reason=reason)

    def _row(
        self, event: _Event, kind: str, asset: str, part: Lot, value: Decimal | None, *,
        fee: Decimal = Decimal(0), unmatched: bool = False, reason: str = "",
    ) -> None:  # fmt: skip
        taxed = kind in _TAXED
        proceeds = value - fee if taxed and value is not None else None
        more = None if value is None or part.cost is None or unmatched else value - fee - part.cost
        if not reason and unmatched:
            reason = _NEVER_CAME
        if not reason and more is None:
            reason = _NO_COST if value is not None else _NO_PRICE
        if not reason and not taxed:
            reason = f"a {kind} is no sale"
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind,
            "origin": None if unmatched else part.origin, "acquired": None if unmatched else self._date(part),
            "disposed": event.time, "quantity": part.quantity, "cost": part.cost, "proceeds": proceeds, "fees": fee,
            "gain": more if taxed else None, "unrecognised": None if taxed else more, "unmatched": unmatched,
            "reason": reason or None, "transaction_hash": event.hash,
        })  # fmt: skip

    def _open(self, kind: str, asset: str, lot: Lot, price: Decimal | None) -> None:
        worth = None if price is None else (lot.quantity * price).quantize(CENT)
        known = worth is not None and lot.cost is not None
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind, "origin": lot.origin,
            "acquired": self._date(lot), "quantity": lot.quantity, "cost": lot.cost, "worth": worth,
            "unrealised": worth - lot.cost if worth is not None and lot.cost is not None else None,
            "unmatched": False, "reason": None if known else _NO_PRICE if worth is None else _NO_COST,
        })  # fmt: skip

    def _date(self, lot: Lot) -> datetime | None:
        """When a lot was acquired; lots at average cost have no date of their own."""
        return None if self.matching == "average" else lot.time

    def _note(
        self, where: list[dict[str, Any]], event: _Event, side: _Side | None, kind: str, reason: str | None = None
    ) -> None:
        if side is not None:
            where.append({
                "timestamp": event.time, "asset_id": side.asset, "symbol": self.registry.symbol(side.asset),
                "kind": kind, "quantity": side.quantity, "value": side.value,
                "reason": (reason or _NO_PRICE) if side.value is None else None, "transaction_hash": event.hash,
            })  # fmt: skip


def _names() -> Iterator[tuple[str, str]]:
    """Each former name of a native coin with its last one."""
    for chain in {coin.chain for coin in NATIVE_COINS}:
        names = [coin.symbol for coin in NATIVE_COINS if coin.chain == chain]
        yield from ((name, names[-1]) for name in names[:-1])


_RENAMED = dict(_names())


def _framed(book: _Book, year: int | None) -> Books:
    found = pl.DataFrame(_complete(book.rows, _LOTS), schema=_LOTS, orient="row").with_columns(
        holding_days=(pl.col("disposed").dt.date() - pl.col("acquired").dt.date()).dt.total_days()
    )
    income, expenses = (
        pl.DataFrame(_complete(rows, _EVENTS), schema=_EVENTS, orient="row") for rows in (book.income, book.expenses)
    )
    debts = pl.DataFrame(_complete(book.debts, _DEBTS), schema=_DEBTS, orient="row")
    if year is not None:
        found = found.filter(pl.col("disposed").is_null() | (pl.col("disposed").dt.year() == year))
        income, expenses = (events.filter(pl.col("timestamp").dt.year() == year) for events in (income, expenses))
    return Books(found, income, expenses, debts)


def _complete(rows: Iterable[dict[str, Any]], schema: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in schema) for row in rows]
