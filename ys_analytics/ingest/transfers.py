"""Matching of transfers between accounts of one owner: both sides become one entry.

Depends on entries alone. Does not guess: where a side has several counterparts, or less arrives than left, it asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.entries import Entry
from ys_analytics.ingest.problems import Problems

# How long coins may be on their way, and how far two clocks may differ.
_MAX_TRANSIT, _MAX_CLOCK_SKEW = timedelta(hours=48), timedelta(hours=2)
# The share that a bridge may keep as its fee.
_MAX_BRIDGE_FEE = Decimal("0.03")


def match(
    entries: Sequence[Entry],
    problems: Problems,
    answers: Answers,
    *,
    own: Callable[[str], bool],
    bridged: Callable[[Entry], bool],
    earlier: Sequence[Entry] = (),
    known: Sequence[tuple[Entry, Entry]] = (),
    row_of: Callable[[Entry], str] = lambda one: one.row,
) -> list[Entry]:
    """The entries with transfers between own accounts as one `bridge` each, in order of time.

    Sides match by hash; else by exact amount within 48 hours, where neither has a second counterpart; else a bridge by
    its name and what arrived within 3 %. Sides that might match otherwise are asked about.

    Args:
        entries: All that the files of one portfolio say.
        problems: Where matches are said.
        answers: Where they are asked.
        own: Whether an address is the owner's.
        bridged: Whether an entry is by name a bridge.
        earlier: Sides that earlier imports wrote; a pair has at most one of them.
        known: Pairs that an earlier import matched.
        row_of: The id of an entry's first row.
    """
    matching = _Matching(entries, problems, answers, earlier=earlier, row_of=row_of)
    matching.as_before(known)
    matching.by_hash()
    matching.by_closeness("by amount and time", _equal_amounts, lambda _: True)
    matching.by_closeness("as a bridge", _equal_less_fee, bridged)
    merged = matching.merged()
    for one in merged:
        if one.kind in {"withdraw", "deposit"} and one.away and own(one.away) and not one.settled:
            one.kind = "internal transfer"
    return sorted(merged, key=lambda one: one.time)


class _Matching:
    """The sides that may belong together, and those that do."""

    def __init__(
        self,
        entries: Sequence[Entry],
        problems: Problems,
        answers: Answers,
        *,
        earlier: Sequence[Entry],
        row_of: Callable[[Entry], str],
    ) -> None:
        self.entries = entries
        self.problems = problems
        self.answers = answers
        self.earlier = earlier
        self.row_of = row_of
        open_ = [one for one in (*entries, *earlier) if not one.settled]
        self.sent = [one for one in open_ if one.kind == "withdraw" and _single(one, -1)]
        self.came = [one for one in open_ if one.kind == "deposit" and _single(one, 1)]
        self.pairs: dict[int, Entry] = {}
        self.taken: set[int] = set()

    def _pair(self, out: Entry, into: Entry, how: str) -> None:
        self.pairs[id(out)] = into
        self.taken.add(id(into))
        said = f"a transfer between own accounts matched {how}: {out.places[0]} and {into.places[0]}"
        self.problems.remark(said)

    def as_before(self, known: Sequence[tuple[Entry, Entry]]) -> None:
        """Pair what an earlier import paired."""
        for out, into in known:
            self.pairs[id(out)] = into
            self.taken.add(id(into))

    def by_hash(self) -> None:
        """Pair the sides that name one transaction."""
        hashes = {one.hash: one for one in self.came if one.hash}
        for out in self.sent:
            into = hashes.get(out.hash) if out.hash else None
            if into is not None and id(into) not in self.taken and not (out.row and into.row):
                self._pair(out, into, "by hash")

    def by_closeness(self, how: str, close: Callable[[Entry, Entry], bool], sure: Callable[[Entry], bool]) -> None:
        """Pair the sides that are close to one another and to no other; ask about the rest."""
        left = [one for one in self.sent if id(one) not in self.pairs]
        free = [one for one in self.came if id(one) not in self.taken]
        arrivals = {id(out): [into for into in free if close(out, into) and not (out.row and into.row)] for out in left}
        senders = {id(into): sum(into in arrivals[id(out)] for out in left) for into in free}
        for out in left:
            found = arrivals[id(out)]
            if len(found) == 1 and senders[id(found[0])] == 1 and sure(out):
                self._pair(out, found[0], how)
            else:
                self._ask(out, found)

    def _ask(self, out: Entry, found: Sequence[Entry]) -> None:
        for into in found:
            if id(into) in self.taken or id(out) in self.pairs:
                continue
            about = f"{out.places[0]} and {into.places[0]}: is the second the arrival of the first?"
            if self.answers.ask(f"transfer|{out.key}|{into.key}", about, ["yes", "no"]) == "yes":
                self._pair(out, into, "as answered")

    def merged(self) -> list[Entry]:
        """Every entry, pairs as one; what fetching the coins cost stays an entry of its own."""
        outs = [one for one in (*self.entries, *self.earlier) if id(one) in self.pairs]
        fees = [_fees(one) for one in (*outs, *self.pairs.values()) if one.fees]
        pairs = [(out, self.pairs[id(out)]) for out in outs]
        gas = [_claim_gas(into, self.row_of(into)) for out, into in pairs if into.gas and not self._one(out, into)]
        whole = [one for one in self.entries if id(one) not in self.taken and id(one) not in self.pairs]
        for out, into in pairs:
            if self._one(out, into) and out.gas is None:
                out.gas, out.l1_fee, out.coin = into.gas, into.l1_fee, into.coin
        return [*whole, *(_joined(out, into, self.row_of) for out, into in pairs), *fees, *gas]

    def _one(self, out: Entry, into: Entry) -> bool:
        """Whether both sides are of one transaction on one chain, and so of one row."""
        return self.row_of(out) != "" and self.row_of(out) == self.row_of(into)


def _single(entry: Entry, sign: int) -> bool:
    net = entry.net()
    return len(net) == 1 and net[0].amount * sign > 0 and not entry.failed


def _near(out: Entry, into: Entry) -> bool:
    if out.account == into.account and out.chain == into.chain:
        return False
    same = out.net()[0].asset.symbol.upper() == into.net()[0].asset.symbol.upper()
    return same and -_MAX_CLOCK_SKEW <= into.time - out.time <= _MAX_TRANSIT


def _equal_amounts(out: Entry, into: Entry) -> bool:
    return _near(out, into) and -out.net()[0].amount == into.net()[0].amount


def _equal_less_fee(out: Entry, into: Entry) -> bool:
    left, came = -out.net()[0].amount, into.net()[0].amount
    return _near(out, into) and left * (1 - _MAX_BRIDGE_FEE) <= came < left


def _joined(out: Entry, into: Entry, row_of: Callable[[Entry], str]) -> Entry:
    """One entry of both sides, at the moment the coins left; what each side paid beyond is no part of it."""
    out.kind = "bridge"
    out.moves = [*out.net(), *into.net()]
    out.fees = []
    out.places = [*out.places, *into.places]
    out.arrival = into.time
    out.arrived_as = row_of(into)
    out.protocol = out.protocol or "own accounts"
    if not out.hash and into.hash:
        out.hash, out.chain, out.block = into.hash, into.chain, into.block
    return out


def _fees(side: Entry) -> Entry:
    """What a side of a transfer paid beyond gas, in the rows it has where the side stands alone."""
    return replace(side, kind="approve", moves=[], gas=None, l1_fee=None, first=1)


def _claim_gas(into: Entry, row: str) -> Entry:
    """What fetching the coins cost on the chain where they arrived."""
    at = str(uuid5(NAMESPACE_URL, f"ys-analytics/transaction/{row}|gas")) if row else ""
    return replace(into, key=f"{into.key}|gas", kind="approve", moves=[], fees=[], row=at, written="")
