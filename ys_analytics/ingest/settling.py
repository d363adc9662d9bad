"""What follows from entries in order of time: cash that came from outside, and coins that wait in a protocol.

Depends on entries and the answers. Does not invent cash: whether purchases were paid from outside is
asked once an account.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import FIAT, Asset
from ys_analytics.ingest.entries import Entry, Move
from ys_analytics.ingest.problems import Problems

_SHOWN = 3


def with_cash(entries: Sequence[Entry], problems: Problems, answers: Answers) -> list[Entry]:
    """The entries, and a deposit before each purchase that its account had not the cash for.

    An exchange that takes cards and bank transfers lists what was bought, and not always the money that paid for it.

    Args:
        entries: In order of time.
        problems: Where deposits are said.
        answers: Where it is asked whether the cash came from outside.
    """
    short = _short(entries)
    paid: dict[tuple[str, str], bool] = {}
    for key, found in short.items():
        asset, total = found[0][1], sum((amount for _, _, amount in found), Decimal(0))
        places = ", ".join(str(entry.places[0]) for entry, _, _ in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        about = (
            f"{key[0]} paid {total.normalize():f} {asset.symbol} that no deposit brought ({places}{more}): "
            "did it come from outside, or is a file missing?"
        )
        paid[key] = answers.ask(f"cash|{key[0]}|{asset.symbol}", about, ["outside", "missing"]) == "outside"
        if paid[key]:
            problems.remark(f"{total.normalize():f} {asset.symbol} paid into {key[0]} from outside, as answered")
    added = [
        Entry(
            key=f"{entry.key}|cash|{asset.symbol}", time=entry.time, kind="deposit", account=entry.account,
            moves=[Move(asset, amount, entry.account)], places=list(entry.places),
        )
        for key, found in short.items()
        if paid[key]
        for entry, asset, amount in found
    ]  # fmt: skip
    # A deposit stands before the purchase of its moment.
    return sorted([*added, *entries], key=lambda one: one.time)


def _short(entries: Sequence[Entry]) -> dict[tuple[str, str], list[tuple[Entry, Asset, Decimal]]]:
    """By account and currency, the entries that spent more cash than was there, and how much more."""
    held: dict[tuple[str, str], Decimal] = {}
    short: dict[tuple[str, str], list[tuple[Entry, Asset, Decimal]]] = {}
    for entry in entries:
        moves = [*entry.moves, *(Move(one.asset, -one.amount, one.account) for one in entry.fees)]
        for key in {(one.account, one.asset.id) for one in moves if one.asset.symbol in FIAT}:
            here = [one for one in moves if (one.account, one.asset.id) == key]
            left = held.get(key, Decimal(0)) + sum((one.amount for one in here), Decimal(0))
            if left < 0:
                short.setdefault(key, []).append((entry, here[0].asset, -left))
                left = Decimal(0)
            held[key] = left
    return short


def with_deposits(entries: Sequence[Entry], answers: Answers) -> list[Entry]:
    """The entries, those that come back from a protocol split into what was put in there and what it earned.

    Args:
        entries: In order of time.
        answers: Where it is asked what came from a protocol that nothing was put into.
    """
    put_in: dict[tuple[str, str, str], Decimal] = {}
    made: list[Entry] = []
    for entry in entries:
        net = [] if entry.failed else entry.net()
        one_way = len({one.amount > 0 for one in net}) == 1
        if entry.kind in {"supply", "stake"} and one_way and net[0].amount < 0:
            for one in net:
                key = (entry.account, _venue(entry), one.asset.id)
                put_in[key] = put_in.get(key, Decimal(0)) - one.amount
            made.append(entry)
        elif entry.kind in {"redeem", "unstake"} and one_way and net[0].amount > 0:
            made += _split(entry, net, put_in, answers)
        else:
            made.append(entry)
    return made


def _venue(entry: Entry) -> str:
    return entry.protocol or entry.account


def _split(
    entry: Entry, net: Sequence[Move], put_in: dict[tuple[str, str, str], Decimal], answers: Answers
) -> list[Entry]:
    back, more = [], []
    for one in net:
        key = (entry.account, _venue(entry), one.asset.id)
        there = min(put_in.get(key, Decimal(0)), one.amount)
        if there:
            put_in[key] -= there
            back.append(Move(one.asset, there, one.account))
        if one.amount > there:
            more.append(Move(one.asset, one.amount - there, one.account))
    if not more:
        return [replace(entry, moves=back)]
    kind = "income"
    if not back:
        about = f"{entry.places[0]}: coins came back from a protocol that no file put them into: what are they?"
        kind = answers.ask(f"back|{entry.key}", about, ["income", "deposit"]) or "ignore"
        return [replace(entry, kind=kind, moves=more)]
    earned = replace(entry, key=f"{entry.key}|earned", kind=kind, moves=more, fees=[], gas=None, l1_fee=None)
    return [replace(entry, moves=back), earned]
