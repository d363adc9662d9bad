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
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.ingest.problems import Problems

# The longest transit of a transfer, and the largest difference of two clocks.
_MAX_TRANSIT, _MAX_CLOCK_SKEW = timedelta(hours=48), timedelta(hours=2)
# The share that a bridge may keep as its fee.
_MAX_BRIDGE_FEE = Decimal("0.03")


@all_digits()
def match(
    entries: Sequence[Entry],
    problems: Problems,
    answers: Answers,
    *,
    own_addresses: Callable[[str], bool],
    is_bridge: Callable[[Entry], bool],
    earlier: Sequence[Entry] = (),
    known: Sequence[tuple[Entry, Entry]] = (),
    row_of: Callable[[Entry], str] = lambda entry: entry.row,
) -> list[Entry]:
    """The entries with transfers between own accounts as one `bridge` each, in order of time.

    Sides match by hash; else by exact amount within 48 hours, where neither has a second counterpart; else a bridge by
    its name and what arrived within 3 %. Sides that might match otherwise are asked about.

    Args:
        entries: All that the files of one portfolio say.
        problems: Collects a remark for each match.
        answers: Asked about uncertain matches.
        own_addresses: Whether an address is the owner's.
        is_bridge: Whether an entry is by name a bridge.
        earlier: Sides that earlier imports wrote; a pair has at most one of them.
        known: Pairs that an earlier import matched.
        row_of: The id of an entry's first row.
    """
    matching = _Matching(entries, problems, answers, earlier=earlier, row_of=row_of)
    matching.as_before(known)
    matching.by_hash()
    matching.by_closeness("by amount and time", _equal_amounts, lambda _: True)
    matching.by_closeness("as a bridge", _equal_less_fee, is_bridge)
    merged = matching.merged()
    for entry in merged:
        if (
            entry.kind in {"withdraw", "deposit"}
            and entry.counterparty
            and own_addresses(entry.counterparty)
            and not entry.settled
        ):
            entry.kind = "internal transfer"
    return sorted(merged, key=lambda entry: entry.time)


class _Matching:
    """Sides of transfers, and the pairs found so far."""

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
        open_ = [entry for entry in (*entries, *earlier) if not entry.settled]
        self.sent = [one for one in open_ if one.kind == "withdraw" and _moves_one_asset(one, -1)]
        self.arrivals_ = [one for one in open_ if one.kind == "deposit" and _moves_one_asset(one, 1)]
        self.pairs: dict[int, Entry] = {}
        self.matched_arrivals: set[int] = set()

    def _pair(self, out: Entry, into: Entry, basis: str) -> None:
        self.pairs[id(out)] = into
        self.matched_arrivals.add(id(into))
        remark = f"a transfer between own accounts matched {basis}: {out.places[0]} and {into.places[0]}"
        self.problems.remark(remark)

    def as_before(self, known: Sequence[tuple[Entry, Entry]]) -> None:
        """Pair what an earlier import paired."""
        for out, into in known:
            self.pairs[id(out)] = into
            self.matched_arrivals.add(id(into))

    def by_hash(self) -> None:
        """Pair the sides that name one transaction."""
        hashes = {entry.hash: entry for entry in self.arrivals_ if entry.hash}
        for out in self.sent:
            into = hashes.get(out.hash) if out.hash else None
            if into is not None and id(into) not in self.matched_arrivals and not (out.row and into.row):
                self._pair(out, into, "by hash")

    def by_closeness(
        self, basis: str, is_close: Callable[[Entry, Entry], bool], is_certain: Callable[[Entry], bool]
    ) -> None:
        """Pair the sides that are close to one another and to no other; ask about the rest."""
        unpaired = [entry for entry in self.sent if id(entry) not in self.pairs]
        unmatched_arrivals = [entry for entry in self.arrivals_ if id(entry) not in self.matched_arrivals]
        arrivals = {
            id(out): [into for into in unmatched_arrivals if is_close(out, into) and not (out.row and into.row)]
            for out in unpaired
        }
        senders = {id(into): sum(into in arrivals[id(out)] for out in unpaired) for into in unmatched_arrivals}
        for out in unpaired:
            candidates = arrivals[id(out)]
            if len(candidates) == 1 and senders[id(candidates[0])] == 1 and is_certain(out):
                self._pair(out, candidates[0], basis)
            else:
                self._ask(out, candidates)

    def _ask(self, out: Entry, matching: Sequence[Entry]) -> None:
        for into in matching:
            if id(into) in self.matched_arrivals or id(out) in self.pairs:
                continue
            about = f"{out.places[0]} and {into.places[0]}: is the second the arrival of the first?"
            if self.answers.ask(f"transfer|{out.key}|{into.key}", about, ["yes", "no"]) == "yes":
                self._pair(out, into, "as answered")

    def merged(self) -> list[Entry]:
        """Every entry, pairs as one; the gas of claiming coins on the other chain stays an entry of its own."""
        outs = [entry for entry in (*self.entries, *self.earlier) if id(entry) in self.pairs]
        fees = [_fees(one) for one in (*outs, *self.pairs.values()) if one.fees]
        pairs = [(out, self.pairs[id(out)]) for out in outs]
        gas = [_claim_gas(into, self.row_of(into)) for out, into in pairs if into.gas and not self._one(out, into)]
        not_arrivals = [
            entry for entry in self.entries if id(entry) not in self.matched_arrivals and id(entry) not in self.pairs
        ]
        for out, into in pairs:
            if self._one(out, into) and out.gas is None:
                out.gas, out.l1_fee, out.coin = into.gas, into.l1_fee, into.coin
        return [*not_arrivals, *(_join_sides(out, into, self.row_of) for out, into in pairs), *fees, *gas]

    def _one(self, out: Entry, into: Entry) -> bool:
        """Whether both sides are of one transaction on one chain, and so of one row."""
        return self.row_of(out) != "" and self.row_of(out) == self.row_of(into)


def _moves_one_asset(entry: Entry, sign: int) -> bool:
    net = entry.net()
    return len(net) == 1 and net[0].amount * sign > 0 and not entry.failed


def _may_match(out: Entry, into: Entry) -> bool:
    if out.account == into.account and out.chain == into.chain:
        return False
    same_symbol = out.net()[0].asset.symbol.upper() == into.net()[0].asset.symbol.upper()
    return same_symbol and -_MAX_CLOCK_SKEW <= into.time - out.time <= _MAX_TRANSIT


def _equal_amounts(out: Entry, into: Entry) -> bool:
    return _may_match(out, into) and -out.net()[0].amount == into.net()[0].amount


def _equal_less_fee(out: Entry, into: Entry) -> bool:
    sent_amount, received_amount = -out.net()[0].amount, into.net()[0].amount
    return _may_match(out, into) and sent_amount * (1 - _MAX_BRIDGE_FEE) <= received_amount < sent_amount


def _join_sides(out: Entry, into: Entry, row_of: Callable[[Entry], str]) -> Entry:
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
    """An entry for the gas of claiming the coins on the chain where they arrived."""
    at = str(uuid5(NAMESPACE_URL, f"ys-analytics/transaction/{row}|gas")) if row else ""
    return replace(into, key=f"{into.key}|gas", kind="approve", moves=[], fees=[], row=at, written="")
