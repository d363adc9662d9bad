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
    stored_sides: Sequence[Entry] = (),
    known_pairs: Sequence[tuple[Entry, Entry]] = (),
    row_of: Callable[[Entry], str] = lambda entry: entry.stored_row,
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
        stored_sides: Sides that earlier imports wrote; a pair has at most one of them.
        known_pairs: Pairs that an earlier import matched.
        row_of: The id of an entry's first row.
    """
    matching = _Matching(entries, problems, answers, stored_sides=stored_sides, row_of=row_of)
    matching.pair_known(known_pairs)
    matching.pair_by_hash()
    matching.pair_by_closeness("by amount and time", _equal_amounts, lambda _: True)
    matching.pair_by_closeness("as a bridge", _equal_less_fee, is_bridge)
    merged = matching.merged()
    for entry in merged:
        if (
            entry.kind in {"withdraw", "deposit"}
            and entry.counterparty
            and own_addresses(entry.counterparty)
            and not entry.is_matched
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
        stored_sides: Sequence[Entry],
        row_of: Callable[[Entry], str],
    ) -> None:
        self.entries = entries
        self.problems = problems
        self.answers = answers
        self.stored_sides = stored_sides
        self.row_of = row_of
        unmatched = [entry for entry in (*entries, *stored_sides) if not entry.is_matched]
        self.departures = [entry for entry in unmatched if entry.kind == "withdraw" and _moves_one_asset(entry, -1)]
        self.arrivals = [entry for entry in unmatched if entry.kind == "deposit" and _moves_one_asset(entry, 1)]
        self.pairs: dict[int, Entry] = {}
        self.matched_arrivals: set[int] = set()

    def _pair(self, departure: Entry, arrival: Entry, basis: str) -> None:
        self.pairs[id(departure)] = arrival
        self.matched_arrivals.add(id(arrival))
        remark = f"a transfer between own accounts matched {basis}: {departure.places[0]} and {arrival.places[0]}"
        self.problems.remark(remark)

    def pair_known(self, pairs: Sequence[tuple[Entry, Entry]]) -> None:
        """Pair what an earlier import paired."""
        for departure, arrival in pairs:
            self.pairs[id(departure)] = arrival
            self.matched_arrivals.add(id(arrival))

    def pair_by_hash(self) -> None:
        """Pair the sides that name one transaction."""
        arrival_of_hash = {entry.hash: entry for entry in self.arrivals if entry.hash}
        for departure in self.departures:
            arrival = arrival_of_hash.get(departure.hash) if departure.hash else None
            if (
                arrival is not None
                and id(arrival) not in self.matched_arrivals
                and not (departure.stored_row and arrival.stored_row)
            ):
                self._pair(departure, arrival, "by hash")

    def pair_by_closeness(
        self, basis: str, is_close: Callable[[Entry, Entry], bool], is_certain: Callable[[Entry], bool]
    ) -> None:
        """Pair the sides that are close to one another and to no other; ask about the rest."""
        unpaired = [entry for entry in self.departures if id(entry) not in self.pairs]
        unmatched_arrivals = [entry for entry in self.arrivals if id(entry) not in self.matched_arrivals]
        close_arrivals = {
            id(departure): [
                arrival
                for arrival in unmatched_arrivals
                if is_close(departure, arrival) and not (departure.stored_row and arrival.stored_row)
            ]
            for departure in unpaired
        }
        departure_counts = {
            id(arrival): sum(arrival in close_arrivals[id(departure)] for departure in unpaired)
            for arrival in unmatched_arrivals
        }
        for departure in unpaired:
            candidates = close_arrivals[id(departure)]
            if len(candidates) == 1 and departure_counts[id(candidates[0])] == 1 and is_certain(departure):
                self._pair(departure, candidates[0], basis)
            else:
                self._ask(departure, candidates)

    def _ask(self, departure: Entry, candidates: Sequence[Entry]) -> None:
        for arrival in candidates:
            if id(arrival) in self.matched_arrivals or id(departure) in self.pairs:
                continue
            about = f"{departure.places[0]} and {arrival.places[0]}: is the second the arrival of the first?"
            if self.answers.ask(f"transfer|{departure.key}|{arrival.key}", about, ["yes", "no"]) == "yes":
                self._pair(departure, arrival, "as answered")

    def merged(self) -> list[Entry]:
        """Every entry, pairs as one; the gas of claiming coins on the other chain stays an entry of its own."""
        departures = [entry for entry in (*self.entries, *self.stored_sides) if id(entry) in self.pairs]
        fees = [_fee_entry(side) for side in (*departures, *self.pairs.values()) if side.fees]
        pairs = [(departure, self.pairs[id(departure)]) for departure in departures]
        gas = [
            _claim_gas(arrival, self.row_of(arrival))
            for departure, arrival in pairs
            if arrival.gas and not self._is_one_row(departure, arrival)
        ]
        unpaired = [
            entry for entry in self.entries if id(entry) not in self.matched_arrivals and id(entry) not in self.pairs
        ]
        for departure, arrival in pairs:
            if self._is_one_row(departure, arrival) and departure.gas is None:
                departure.gas, departure.l1_fee, departure.coin = arrival.gas, arrival.l1_fee, arrival.coin
        return [*unpaired, *(_join_sides(departure, arrival, self.row_of) for departure, arrival in pairs), *fees, *gas]

    def _is_one_row(self, departure: Entry, arrival: Entry) -> bool:
        """Whether both sides are of one transaction on one chain, and so of one row."""
        return self.row_of(departure) != "" and self.row_of(departure) == self.row_of(arrival)


def _moves_one_asset(entry: Entry, sign: int) -> bool:
    net = entry.net()
    return len(net) == 1 and net[0].amount * sign > 0 and not entry.failed


def _may_match(departure: Entry, arrival: Entry) -> bool:
    if departure.account == arrival.account and departure.chain == arrival.chain:
        return False
    same_symbol = departure.net()[0].asset.symbol.upper() == arrival.net()[0].asset.symbol.upper()
    return same_symbol and -_MAX_CLOCK_SKEW <= arrival.time - departure.time <= _MAX_TRANSIT


def _equal_amounts(departure: Entry, arrival: Entry) -> bool:
    return _may_match(departure, arrival) and -departure.net()[0].amount == arrival.net()[0].amount


def _equal_less_fee(departure: Entry, arrival: Entry) -> bool:
    sent_amount, received_amount = -departure.net()[0].amount, arrival.net()[0].amount
    return _may_match(departure, arrival) and sent_amount * (1 - _MAX_BRIDGE_FEE) <= received_amount < sent_amount


def _join_sides(departure: Entry, arrival: Entry, row_of: Callable[[Entry], str]) -> Entry:
    """One entry of both sides, at the moment the coins left; what each side paid beyond is no part of it."""
    departure.kind = "bridge"
    departure.moves = [*departure.net(), *arrival.net()]
    departure.fees = []
    departure.places = [*departure.places, *arrival.places]
    departure.arrival = arrival.time
    departure.arrival_row = row_of(arrival)
    departure.protocol = departure.protocol or "own accounts"
    if not departure.hash and arrival.hash:
        departure.hash, departure.chain, departure.block = arrival.hash, arrival.chain, arrival.block
    return departure


def _fee_entry(side: Entry) -> Entry:
    """What a side of a transfer paid beyond gas, in the rows it has where the side stands alone."""
    return replace(side, kind="approve", moves=[], gas=None, l1_fee=None, first_row_number=1)


def _claim_gas(arrival: Entry, row: str) -> Entry:
    """An entry for the gas of claiming the coins on the chain where they arrived."""
    row_id = str(uuid5(NAMESPACE_URL, f"ys-analytics/transaction/{row}|gas")) if row else ""
    return replace(
        arrival, key=f"{arrival.key}|gas", kind="approve", moves=[], fees=[], stored_row=row_id, stored_hash=""
    )
