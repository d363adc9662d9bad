"""Complete entries in order of time: cash deposits that files leave out, and returns from protocols split by income.

Depends on entries and the answers. Does not invent cash: whether purchases were paid from outside is
asked once an account.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import FIAT, Asset
from ys_analytics.ingest.entries import Entry, Move
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.ingest.problems import Problems

_SHOWN = 3


@all_digits()
def with_cash(entries: Sequence[Entry], problems: Problems, answers: Answers) -> list[Entry]:
    """Add a deposit before each purchase that its account lacked the cash for.

    An exchange that takes cards and bank transfers lists what was bought, and not always the money that paid for it.

    Args:
        entries: In order of time.
        problems: Collects a remark for each deposit.
        answers: Asked whether the cash came from outside.
    """
    shortfalls = _cash_shortfalls(entries)
    from_outside: dict[tuple[str, str], bool] = {}
    for key, unpaid in shortfalls.items():
        asset, total = unpaid[0][1], sum((amount for _, _, amount in unpaid), Decimal(0))
        places = ", ".join(str(entry.places[0]) for entry, _, _ in unpaid[:_SHOWN])
        more = f" and {len(unpaid) - _SHOWN} more" if len(unpaid) > _SHOWN else ""
        question = (
            f"{key[0]} paid {total.normalize():f} {asset.symbol} that no deposit brought ({places}{more}): "
            "did it come from outside, or is a file missing?"
        )
        from_outside[key] = answers.ask(f"cash|{key[0]}|{asset.symbol}", question, ["outside", "missing"]) == "outside"
        if from_outside[key]:
            problems.remark(f"{total.normalize():f} {asset.symbol} paid into {key[0]} from outside, as answered")
    added = [
        Entry(
            key=f"{entry.key}|cash|{asset.symbol}", time=entry.time, kind="deposit", account=entry.account,
            moves=[Move(asset, amount, entry.account)], places=list(entry.places),
        )
        for key, unpaid in shortfalls.items()
        if from_outside[key]
        for entry, asset, amount in unpaid
    ]  # fmt: skip
    # A deposit stands before the purchase of its moment.
    return sorted([*added, *entries], key=lambda entry: entry.time)


def _cash_shortfalls(entries: Sequence[Entry]) -> dict[tuple[str, str], list[tuple[Entry, Asset, Decimal]]]:
    """By account and currency, the entries that spent more cash than was there, and how much more."""
    balances: dict[tuple[str, str], Decimal] = {}
    shortfalls: dict[tuple[str, str], list[tuple[Entry, Asset, Decimal]]] = {}
    for entry in entries:
        moves = [*entry.moves, *(Move(fee.asset, -fee.amount, fee.account) for fee in entry.fees)]
        for key in {(move.account, move.asset.id) for move in moves if move.asset.symbol in FIAT}:
            same_asset = [move for move in moves if (move.account, move.asset.id) == key]
            balance = balances.get(key, Decimal(0)) + sum((cash_move.amount for cash_move in same_asset), Decimal(0))
            if balance < 0:
                shortfalls.setdefault(key, []).append((entry, same_asset[0].asset, -balance))
                balance = Decimal(0)
            balances[key] = balance
    return shortfalls


@all_digits()
def with_deposits(entries: Sequence[Entry], answers: Answers) -> list[Entry]:
    """Split entries that return from a protocol into what was deposited there and what it earned.

    Args:
        entries: In order of time.
        answers: Asked what came from a protocol that nothing was deposited in.
    """
    put_in: dict[tuple[str, str, str], Decimal] = {}
    result: list[Entry] = []
    for entry in entries:
        net = [] if entry.failed else entry.net()
        is_one_way = len({move.amount > 0 for move in net}) == 1
        if entry.kind in {"supply", "stake"} and is_one_way and net[0].amount < 0:
            for move in net:
                key = (entry.account, _venue(entry), move.asset.id)
                put_in[key] = put_in.get(key, Decimal(0)) - move.amount
            result.append(entry)
        elif entry.kind in {"redeem", "unstake"} and is_one_way and net[0].amount > 0:
            result += _split_returned(entry, net, put_in, answers)
        else:
            result.append(entry)
    return result


def _venue(entry: Entry) -> str:
    return entry.protocol or entry.account


def _split_returned(
    entry: Entry, net: Sequence[Move], put_in: dict[tuple[str, str, str], Decimal], answers: Answers
) -> list[Entry]:
    returned, earned_moves = [], []
    for move in net:
        key = (entry.account, _venue(entry), move.asset.id)
        deposited = min(put_in.get(key, Decimal(0)), move.amount)
        if deposited:
            put_in[key] -= deposited
            returned.append(Move(move.asset, deposited, move.account))
        if move.amount > deposited:
            earned_moves.append(Move(move.asset, move.amount - deposited, move.account))
    if not earned_moves:
        return [replace(entry, moves=returned)]
    kind = "income"
    if not returned:
        about = f"{entry.places[0]}: coins came back from a protocol that no file put them into: what are they?"
        kind = answers.ask(f"back|{entry.key}", about, ["income", "deposit"]) or "ignore"
        return [replace(entry, kind=kind, moves=earned_moves)]
    earned = replace(entry, key=f"{entry.key}|earned", kind=kind, moves=earned_moves, fees=[], gas=None, l1_fee=None)
    return [replace(entry, moves=returned), earned]
