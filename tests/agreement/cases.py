"""What both implementations are asked of a history and a week, and how their answers are compared.

An answer is a mapping from a name to a value; `comparing` says when two are the same. None is a refusal, and both must
refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import Desk, activity, ledger, returns
from ys_analytics.errors import UsageError

from . import plain_bridge, plain_holdings, plain_ledger, plain_lots, plain_rebasing, plain_returns
from .comparing import Sized, same
from .histories import History, World
from .kit import desk_of, frame_of, market_of
from .plain_market import WEEK, Market, added, money, times

Answers = dict[str, Any]


@dataclass
class Case:
    """A history, a week of it, and both ways to look at it."""

    history: History
    week: str

    @cached_property
    def monday(self) -> datetime:
        """The week's first moment."""
        year, number = self.week.split("-W")
        return datetime.combine(datetime.fromisocalendar(int(year), int(number), 1), time(), UTC)

    @cached_property
    def desk(self) -> Desk:
        """The kit's."""
        return desk_of(self.history, self.week)

    @cached_property
    def market(self) -> Market:
        """The second implementation's prices, those of the week's end included."""
        end = self.monday + WEEK
        return Market([row for row in self.history.world.quotes if row["timestamp"] < end])

    @cached_property
    def transactions(self) -> list[dict[str, Any]]:
        """Transactions up to the week's end."""
        return [row for row in self.history.rows["transactions"] if row["timestamp"] < self.monday + WEEK]

    @cached_property
    def snapshots(self) -> list[dict[str, Any]]:
        """Snapshots up to the week's end."""
        return [row for row in self.history.rows["portfolio_snapshots"] if row["timestamp"] < self.monday + WEEK]

    @property
    def world(self) -> World:
        """The history's market."""
        return self.history.world

    @property
    def assets(self) -> list[dict[str, Any]]:
        """The registry."""
        return self.world.assets

    @cached_property
    def symbols(self) -> dict[str, str]:
        """Symbol of each asset."""
        return {asset["id"]: asset["symbol"] for asset in self.assets}

    @property
    def end(self) -> datetime:
        """The week's end, exclusive."""
        return self.monday + WEEK

    @property
    def run(self) -> "_Tables":
        """The tables, as those of a run."""
        return _Tables(self.history)

    def mine(self, table: str) -> list[dict[str, Any]]:
        """Rows of a table; all are the one portfolio's."""
        return self.run.rows(table)

    @cached_property
    def closes(self) -> list[plain_returns.Close]:
        """Close of each day."""
        return plain_returns.closes(self.snapshots)

    @cached_property
    def legs(self) -> list[plain_ledger.Leg]:
        """Movements, by the second implementation."""
        moved = plain_ledger.legs(self.transactions, self.world.assets, self.market)
        return plain_rebasing.credited(moved, self.snapshots, self.world.assets, self.market)

    @cached_property
    def daily(self) -> list[plain_returns.Day]:
        """Returns, by the second implementation."""
        flows = [(at, amount) for at, amount, _ in plain_ledger.flows(self.transactions, self.market)]
        return plain_returns.daily(plain_returns.closes(self.snapshots), flows)

    def inside(self, at: datetime) -> bool:
        """Whether a moment is in the week."""
        return self.monday <= at < self.monday + WEEK


Answer = Callable[[Case], Answers]


def together(several: list[Case]) -> dict[int, dict[str, Answers]]:
    """The kit's answers to several histories of one world in one call each, by seed: many portfolios, one frame.

    What a week does not contain is cut off before; nothing may leak from one portfolio into another.
    """
    assets, quotes = (market_of(several[0].world)[name] for name in ("assets", "market_data"))
    snapshots = frame_of("portfolio_snapshots", (row for case in several for row in case.snapshots))
    transactions = frame_of("transactions", (row for case in several for row in case.transactions))
    classified = metrics.classify_flows(transactions)
    flows = metrics.external_flows(classified, quotes)
    closes = returns.daily_values(snapshots)
    gas = activity.with_gas(classified, assets, quotes)
    whole = {
        "values": (closes, kit_values),
        "returns": (metrics.daily_returns(closes, flows), kit_returns),
        "flows": (flows, kit_flows),
        "gas": (gas, kit_gas),
    }
    return {
        case.history.seed: {
            name: answer(frame.filter(pl.col("portfolio_id") == case.history.portfolio))
            for name, (frame, answer) in whole.items()
        }
        for case in several
    }


def kit_values(closes: pl.DataFrame) -> Answers:
    """Close of each day."""
    return {f"{day}": value for day, value in closes.select("day", "value").iter_rows()}


def plain_values(case: Case) -> Answers:
    """Close of each day."""
    return {f"{close.day}": close.value for close in plain_returns.closes(case.snapshots)}


def kit_returns(daily: pl.DataFrame) -> Answers:
    """Return, gain and flow of each day."""
    names = ("ret", "gain", "flow", "days")
    return {f"{row['day']} {name}": row[name] for row in daily.iter_rows(named=True) for name in names}


def plain_returns_of(case: Case) -> Answers:
    """Return, gain and flow of each day."""
    return {f"{day.day} {name}": getattr(day, name) for day in case.daily for name in ("ret", "gain", "flow", "days")}


def kit_flows(flows: pl.DataFrame) -> Answers:
    """Each external flow in USD."""
    rows = flows.select("timestamp", "amount").sort("timestamp", maintain_order=True).iter_rows()
    return {f"{place}, {at:%F %T}": amount for place, (at, amount) in enumerate(rows)}


def plain_flows(case: Case) -> Answers:
    """Each external flow in USD."""
    flows = plain_ledger.flows(case.transactions, case.market)
    return {f"{place}, {at:%F %T}": amount for place, (at, amount, _) in enumerate(flows)}


def kit_gas(done: pl.DataFrame) -> Answers:
    """What each transaction's gas cost in USD."""
    return {f"gas {one[-4:]}": gas for one, gas in done.select("transaction_hash", "gas").iter_rows()}


def plain_gas(case: Case) -> Answers:
    """What each transaction's gas cost in USD."""
    return {
        f"gas {transaction['transaction_hash'][-4:]}": plain_ledger.gas_of(
            transaction, case.world.assets, case.market
        ).usd
        for transaction in case.transactions
    }


def kit_counts(case: Case) -> Answers:
    """Gas by status and transactions by rule, of the week and ever."""
    found: Answers = {}
    for row in case.desk.gas().iter_rows(named=True):
        for name in ("week_transactions", "week_cost", "since_transactions", "since_cost"):
            found[f"{row['what']} {name}"] = row[name]
    return found | {row["rule"]: row["since"] for row in case.desk.flow_audit().iter_rows(named=True)}


def plain_counts(case: Case) -> Answers:
    """Gas by status and transactions by rule, of the week and ever."""
    found: Answers = {rule: number for (rule, _), number in plain_ledger.audit(case.transactions).items()}
    for transaction in case.transactions:
        gas = plain_ledger.gas_of(transaction, case.world.assets, case.market)
        if gas.spent is None:
            continue
        for span, counts in (("week", case.inside(transaction["timestamp"])), ("since", True)):
            number, cost = f"{transaction['status']} {span}_transactions", f"{transaction['status']} {span}_cost"
            found[number] = found.get(number, 0) + counts
            sofar = found.get(cost, Decimal(0))
            # A sum of which a part is not known is not known.
            unknown = counts and (gas.usd is None or sofar is None)
            found[cost] = None if unknown else sofar if not counts else sofar + gas.usd
    return found


def kit_holdings(case: Case) -> Answers:
    """Quantity by asset and position at the week's end, by transactions."""
    rows = ledger.held(case.desk._legs, at=case.monday + WEEK).select("asset_id", "position", "change").rows()
    return {f"{asset} {position}": quantity for asset, position, quantity in rows}


def plain_holdings_of(case: Case) -> Answers:
    """Quantity by asset and position at the week's end, by transactions."""
    found = plain_ledger.held(case.legs, case.monday + WEEK)
    # Growth of a balance is what a quotient of money says it is.
    grown = {(leg.asset, leg.position) for leg in case.legs if leg.cause == "rebase"}
    return {f"{place[0]} {place[1]}": float(quantity) if place in grown else quantity
            for place, quantity in found.items()}  # fmt: skip


def kit_bridge(case: Case) -> Answers:
    """Each term of the week's bridge, and whether it holds."""
    rows = case.desk.bridge().rows(named=True)
    return {row["term"]: row["amount"] for row in rows} | {name: rows[0][name] for name in ("traded", "holds")}


def plain_bridge_of(case: Case) -> Answers:
    """Each term of the week's bridge, and whether it holds."""
    found = plain_bridge.bridge(case.legs, case.snapshots, case.world.assets, case.market, monday=case.monday)
    terms = {term: found.term(term) for term in plain_bridge.TERMS if term != "pool" or found.merged}
    whole = {"before": found.before, "after": found.after, "residual": found.term("residual")}
    return terms | whole | {"traded": found.traded, "holds": found.holds}


_SPOT_TRADES = ("swap",)
_MATCHINGS = ("fifo", "lifo", "hifo", "average")


def _trades(case: Case) -> dict[str, list[tuple[datetime, Decimal, Decimal, Decimal]]]:
    """Both legs of each confirmed swap as trades, at market prices, with the gas of it on the purchase."""
    found: dict[str, list[tuple[datetime, Decimal, Decimal, Decimal]]] = {}
    for transaction in case.transactions:
        if transaction["status"] != "confirmed" or transaction["transaction_type"] not in _SPOT_TRADES:
            continue
        gas = plain_ledger.gas_of(transaction, case.world.assets, case.market).usd or Decimal(0)
        for side, sign in (("from", -1), ("to", 1)):
            price = case.market.at(transaction[f"{side}_asset_id"], transaction["timestamp"], oldest=None)
            if price is not None:
                amount = transaction[f"{side}_amount"].quantize(Decimal("1e-8"))
                trade = (transaction["timestamp"], sign * amount, price, gas if sign > 0 else Decimal(0))
                found.setdefault(transaction[f"{side}_asset_id"], []).append(trade)
    return found


def kit_lots(case: Case) -> Answers:
    """Gains of every asset's swaps, by each way of matching."""
    rows = [(case.history.portfolio, asset, *trade) for asset, trades in _trades(case).items() for trade in trades]
    schema = {"portfolio_id": pl.String, "asset_id": pl.String, "timestamp": pl.Datetime("us", "UTC"),
              "quantity": metrics.flows.MONEY, "price": metrics.flows.MONEY, "fee": metrics.flows.MONEY}  # fmt: skip
    trades = pl.DataFrame(rows, schema=schema, orient="row")
    found: Answers = {}
    for how in _MATCHINGS:
        for row in metrics.pnl.gains(trades, matching=how).iter_rows(named=True):
            for name in ("realised", "quantity", "cost", "unmatched"):
                found[f"{how} {row['asset_id']} {name}"] = row[name]
    return found


def plain_lots_of(case: Case) -> Answers:
    """Gains of every asset's swaps, by each way of matching."""
    found: Answers = {}
    for how in _MATCHINGS:
        for asset, trades in _trades(case).items():
            book = plain_lots.matched(trades, how)
            for name in ("realised", "quantity", "cost", "unmatched"):
                found[f"{how} {asset} {name}"] = money(getattr(book, name))
    return found


def kit_books(case: Case) -> Answers:
    """What lots and debts leave of each coin, and what all of their gains, income and expenses come to."""
    books = case.desk._books("fifo", None)
    left: Answers = {}
    rows = books.lots.filter(pl.col("disposed").is_null() | pl.col("unmatched"))
    for row in rows.iter_rows(named=True):
        sign = -1 if row["unmatched"] else 1
        left[row["asset_id"]] = left.get(row["asset_id"], Decimal(0)) + sign * row["quantity"]
    for row in books.debts.iter_rows(named=True):
        left[row["asset_id"]] = left.get(row["asset_id"], Decimal(0)) - row["quantity"]
    columns = ("gain", "unrecognised", "unrealised")
    silent = books.lots.filter(pl.all_horizontal(pl.col(columns).is_null()) & pl.col("reason").is_not_null()).height
    parts = [
        *(books.lots.select(pl.col(columns).fill_null(0)).rows()),
        *(books.income.select("value").rows()),
        *((-value if value is not None else None,) for value in books.expenses["value"]),
        *(books.debts.select("unrealised").rows()),
    ]
    amounts = [amount for row in parts for amount in row]
    unknown = silent > 0 or books.lots["unmatched"].any() or None in amounts
    earned = None if unknown else float(sum(amounts, Decimal(0)))
    return {asset: quantity for asset, quantity in left.items() if quantity} | {"earned in all": earned}


def plain_books(case: Case) -> Answers:
    """What movements leave of each coin, and the worth of all that is held less what was paid in."""
    left: Answers = {}
    running: dict[str | None, Decimal] = {}
    short = False
    for leg in case.legs:
        left[leg.asset] = left.get(leg.asset, Decimal(0)) + leg.change
        if leg.position != "borrowing":
            running[leg.asset] = running.get(leg.asset, Decimal(0)) + leg.change
            short = short or running[leg.asset] < 0
    end = case.monday + WEEK - timedelta(microseconds=1)
    held = plain_ledger.held(case.legs, end)
    worth = [times(quantity, case.market.at(asset, end)) for (asset, _), quantity in held.items()]
    flows = [amount for _, amount, _ in plain_ledger.flows(case.transactions, case.market)]
    moments = [case.market.at(leg.asset, leg.at) if leg.cause != "gas" else leg.paid for leg in case.legs]
    unknown = short or None in worth or None in flows or None in moments
    whole = None if unknown else Sized(float(added(worth) - added(flows)), float(added([abs(one) for one in worth])))
    return {asset: quantity for asset, quantity in left.items() if quantity} | {"earned in all": whole}


def kit_positions(case: Case) -> Answers:
    """What was held at the week's end, where and worth what, or that it is not known."""
    found: Answers = {"known": None if case.desk.unknown else True}
    for row in case.desk.positions().iter_rows(named=True):
        place = f"{row['asset_id']} {row['kind']} {row['chain']}"
        found |= {f"{place} quantity": row["quantity"], f"{place} value": row["value"], f"{place} share": row["share"]}
    return found


@dataclass(frozen=True)
class _Tables:
    """The tables of a history as `plain_holdings` reads those of a run."""

    history: History
    # No one says when a history was read, so its positions need a proof for any week.
    manifest: Mapping[str, str] = field(default_factory=lambda: {"as_of": "9999-01-01T00:00:00+00:00"})

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table."""
        return self.history.rows.get(table, [])


def plain_positions(case: Case) -> Answers:
    """What was held at the week's end, where and worth what, or that it is not known."""
    held = plain_holdings.holdings(case).positions
    whole = added([one.value for one in held or ()])
    found: Answers = {"known": None if held is None else True}
    grown = {(leg.asset, leg.position) for leg in case.legs if leg.cause == "rebase"}
    for one in held or ():
        place, exact = f"{one.asset} {one.kind} {one.chain}", (one.asset, one.kind) not in grown
        found |= {
            f"{place} quantity": one.quantity if exact else float(one.quantity),
            f"{place} value": one.value if exact else float(one.value),
            f"{place} share": float(one.value) / float(whole) if whole > 0 else None,
        }
    return found


# What is compared, in the order of the report.
TOGETHER: Mapping[str, Answer] = {
    "values": plain_values,
    "returns": plain_returns_of,
    "flows": plain_flows,
    "gas": plain_gas,
}
ALONE: Mapping[str, tuple[Answer, Answer]] = {
    "counts": (kit_counts, plain_counts),
    "books": (kit_books, plain_books),
    "positions": (kit_positions, plain_positions),
    "lots": (kit_lots, plain_lots_of),
    "holdings": (kit_holdings, plain_holdings_of),
    "bridge": (kit_bridge, plain_bridge_of),
}


def differing(kit: Answers, plain: Answers) -> list[tuple[str, object, object]]:
    """Each name whose two answers disagree, or that only one side knows."""
    absent = "no such answer"
    names = dict.fromkeys((*kit, *plain))
    return [(name, kit.get(name, absent), plain.get(name, absent)) for name in names
            if name not in kit or name not in plain or not same(kit[name], plain[name])]  # fmt: skip


# Asked of functions, not of a desk: a desk refuses a week that ended before the portfolio was opened.
DESKLESS = {"lots"}
REFUSED: Answers = {"the week": None}


def alone(subject: str, case: Case) -> tuple[Answers, Answers]:
    """Both answers to a question about one history; of a week before the portfolio was opened there is none."""
    kit, plain = ALONE[subject]
    if subject in DESKLESS:
        return kit(case), plain(case)
    opened = case.history.rows["portfolios"][0]["created_at"]
    right = REFUSED if opened >= case.monday + WEEK else plain(case)
    try:
        return kit(case), right
    except UsageError as refusal:
        return REFUSED if "was opened on" in str(refusal) else {"the week": str(refusal)}, right
