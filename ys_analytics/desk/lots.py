"""From a portfolio's transactions to its lots: what was bought when and for how much, and what it was sold for.

Frames in, frames out; opens nothing. Exact Decimals; the treatment of each event is stated in `lots`.
`desk.lot_books` records each event. Does not know any country's tax law: what is left to choose is an option.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from ys_analytics.desk.activity import in_order
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.desk.lot_books import OPEN_KINDS, TAXABLE_KINDS, Book, Event, Fees, Leaving, Repaying
from ys_analytics.metrics.lots import DIGITS, Matching
from ys_analytics.schemas import MONEY, TIME
from ys_analytics.schemas.outcomes import moves

# An older quote is no price, as for flows.
_MAX_QUOTE_AGE = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)

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


@dataclass(frozen=True, slots=True)
class Books:
    """The result of `lots`: lots, income, expenses and debts as frames.

    Attributes:
        lots: One row for each part of a lot that left, and for each lot that is left.
        income: What was earned: timestamp, asset_id, symbol, kind, quantity, value in USD when it came, reason.
        expenses: What was spent other than on trades, of the same shape: gas, interest on debts.
        debts: What is owed at the end: asset_id, symbol, borrowed, quantity, value in USD when it was borrowed,
            worth now, unrealised (value less worth), reason.
    """

    lots: pl.DataFrame
    income: pl.DataFrame
    expenses: pl.DataFrame
    debts: pl.DataFrame


def lots(
    transactions: pl.DataFrame,
    assets: pl.DataFrame,
    quotes: pl.DataFrame,
    *,
    at: datetime,
    growth: pl.DataFrame | None = None,
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
      A side that is not stated waits under the protocol's name and comes back first; what comes beyond it is income,
      or of unknown cost where nothing was ever put there. What is given for nothing in a swap or claim is spent.
    * Borrowed coins are a lot that cost their value then, and a debt of that value. Repaying takes borrowed lots of
      the coin first and ends the oldest debts: no gain, unless `repaying="sale"`: then value of the debt less cost,
      as for a short sale. Interest added to a debt is an expense.
    * Claims without a given side are income at their value then, and a lot of that cost.
    * Gas is a sale of the native coin for its cost in USD. That cost is also a fee of the trade: part of the cost of
      what is bought with a coin pegged to a currency, else off the proceeds of what is sold; gas of all else, gas
      whose cost is not known, and with `gas="expense"` of trades too, is an expense. Failed transactions pay it too.
    * What leaves beyond what came is unmatched: its proceeds are stated, and no gain.

    Args:
        transactions: What `activity.with_gas` gave of classified transactions of one portfolio.
        assets: `assets`.
        quotes: `market_data` of every asset that moved.
        growth: What `rebasing.with_growth` gave: its rows of cause rebase, balances that grew by themselves, are
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
        holding_days Int64 (of an open lot up to the end of the books); quantity, cost, proceeds (fees taken off), fees
        (what was taken off), gain = proceeds - cost, unrecognised (for transfers and repayments: value less cost, in
        no gain), worth and unrealised of open lots, in USD, Decimal(38, 18); unmatched Boolean; reason String (why
        gain or unrealised is null);
        transaction_hash of what it left by. Closed rows come in the order they left, open ones after them.

    Identity (test): with prices for all, gain + unrecognised + unrealised of lots + income - expenses + unrealised
        of debts = worth at `at` - external flows = the sum of the bridge's terms over the whole life.
    """
    end = at if year is None else min(at, datetime(year + 1, 1, 1, tzinfo=UTC) - _MICROSECOND)
    registry = Registry(assets)
    until_end = in_order(transactions.filter(pl.col("timestamp") <= end))
    rows = _with_prices(until_end if growth is None else _with_growth(until_end, growth, end), quotes)
    book = Book(registry, matching, leaving, repaying, gas)
    with localcontext(prec=DIGITS):
        for row in rows.iter_rows(named=True):
            book.record(Event(row))
        book.close(_last_prices(quotes, end))
    return _as_frames(book, year, end)


def totals(books: Books) -> pl.DataFrame:
    """Gains by asset: what the books of `lots` come to.

    Args:
        books: What `lots` gave.

    Returns:
        asset_id, symbol String; quantity, cost, unrealised of what is left; realised, unrecognised, fees of what left;
        income, expenses; unmatched (quantity) and unmatched_proceeds; Decimal(38, 18), zero where nothing of the kind
        happened, null where a part is not known; reason String. Sorted by symbol and id. Debts are not in it.
    """
    open_lots, taxable, unmatched = (
        pl.col("kind").is_in(OPEN_KINDS),
        pl.col("kind").is_in(TAXABLE_KINDS),
        pl.col("unmatched"),
    )
    parts = {
        "quantity": (books.lots.filter(open_lots), "quantity"),
        "cost": (books.lots.filter(open_lots), "cost"),
        "unrealised": (books.lots.filter(open_lots), "unrealised"),
        "realised": (books.lots.filter(taxable & ~unmatched), "gain"),
        "unrecognised": (books.lots.filter(~open_lots & ~taxable & ~unmatched), "unrecognised"),
        "fees": (books.lots.filter(~open_lots), "fees"),
        "income": (books.income, "value"),
        "expenses": (books.expenses, "value"),
        "unmatched": (books.lots.filter(unmatched), "quantity"),
        "unmatched_proceeds": (books.lots.filter(unmatched & taxable), "proceeds"),
    }
    by = ["asset_id", "symbol"]
    table = pl.concat([frame.select(by) for frame in (books.lots, books.income, books.expenses)]).unique(
        maintain_order=True
    )
    for name, (rows, column) in parts.items():
        amount, complete = pl.col(column).sum(), pl.col(column).null_count() == 0
        sums = rows.group_by(by, maintain_order=True).agg(
            pl.when(complete).then(amount).alias(name), happened=pl.lit(value=True)
        )
        no_rows = pl.col("happened").is_null()
        table = (
            table.join(sums, on=by, how="left")
            .with_columns(pl.when(no_rows).then(pl.lit(0, MONEY)).otherwise(name).alias(name))
            .drop("happened")
        )
    incomplete = pl.concat(
        [
            books.lots.filter(open_lots & pl.col("unrealised").is_null()),
            books.lots.filter(taxable & ~unmatched & pl.col("gain").is_null()),
        ]
    )
    reasons = incomplete.group_by(by, maintain_order=True).agg(pl.col("reason").first())
    return table.join(reasons, on=by, how="left").sort("symbol", "asset_id")


def _with_growth(transactions: pl.DataFrame, growth: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """The transactions, and each growth of a balance as a claim without a transaction."""
    claims = growth.filter((pl.col("cause") == "rebase") & (pl.col("timestamp") <= end)).select(
        "timestamp", to_asset_id="asset_id", to_amount="change", flow=pl.lit("internal"),
        transaction_type=pl.lit("claim", transactions.schema["transaction_type"]),
        status=pl.lit("confirmed", transactions.schema["status"]), metadata=pl.lit('{"action": "rebase"}'),
    )  # fmt: skip
    return pl.concat([transactions, claims], how="diagonal").sort("timestamp", maintain_order=True)


def _with_prices(transactions: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """The transactions, in their order, with the price of each side at its moment."""
    prices = (
        quotes.select("asset_id", quoted="timestamp", price=pl.col("price").cast(MONEY)).drop_nulls().sort("quoted")
    )
    rows = transactions.with_columns(moved=moves()).with_row_index("place")
    for side in ("from", "to"):
        side_prices = prices.rename({"asset_id": f"{side}_asset_id", "price": f"{side}_price"})
        rows = (
            rows.sort("timestamp", maintain_order=True)
            .join_asof(
                side_prices, left_on="timestamp", right_on="quoted", by=f"{side}_asset_id", tolerance=_MAX_QUOTE_AGE,
                check_sortedness=False,
            )
            .drop("quoted", strict=False)
        )  # fmt: skip
    return rows.sort("place").select(
        "timestamp", "moved", "flow", "metadata", "protocol_name", "transaction_hash", "from_asset_id", "from_amount",
        "from_price", "to_asset_id", "to_amount", "to_price", "gas_asset_id", "gas_amount", "gas", "gas_reason",
        kind=pl.col("transaction_type").cast(pl.String),
    )  # fmt: skip


def _last_prices(quotes: pl.DataFrame, at: datetime) -> dict[str, Decimal]:
    """The last fresh price of each asset at a moment."""
    fresh = quotes.drop_nulls("price").filter(pl.col("timestamp").is_between(at - _MAX_QUOTE_AGE, at))
    newest = fresh.sort("timestamp", maintain_order=True).group_by("asset_id", maintain_order=True).last()
    return dict(newest.select("asset_id", pl.col("price").cast(MONEY)).iter_rows())


def _as_frames(book: Book, year: int | None, end: datetime) -> Books:
    left = pl.col("disposed").fill_null(pl.lit(end, TIME)).dt.date()
    lots = pl.DataFrame(_in_schema_order(book.rows, _LOTS), schema=_LOTS, orient="row").with_columns(
        holding_days=(left - pl.col("acquired").dt.date()).dt.total_days()
    )
    income, expenses = (
        pl.DataFrame(_in_schema_order(rows, _EVENTS), schema=_EVENTS, orient="row")
        for rows in (book.income, book.expenses)
    )
    debts = pl.DataFrame(_in_schema_order(book.debts, _DEBTS), schema=_DEBTS, orient="row")
    if year is not None:
        lots = lots.filter(pl.col("disposed").is_null() | (pl.col("disposed").dt.year() == year))
        income, expenses = (events.filter(pl.col("timestamp").dt.year() == year) for events in (income, expenses))
    return Books(lots, income, expenses, debts)


def _in_schema_order(rows: Iterable[dict[str, Any]], schema: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in schema) for row in rows]
