"""Entries as rows of `transactions`: two legs a row, fees and gas where the ledger looks for them, flows marked.

Depends on entries and the schema. Does not read a file; the ids follow from the events, so that twice is once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.ingest.assets import Asset
from ys_analytics.ingest.entries import Entry, Move
from ys_analytics.schemas import TABLES

_SCHEMA = TABLES["transactions"].schema
_NAME_SIZE = 100


@dataclass(slots=True)
class _Row:
    """A row before it has its ids."""

    type: str
    sent: Move | None = None
    received: Move | None = None
    protocol: str = ""
    note: dict[str, Any] | None = None


def rows(
    entries: Sequence[Entry], *, portfolio: str, taken: frozenset[str] = frozenset()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `transactions` of one portfolio, and where each comes from.

    A trade has one row for each pair of assets; a fee in an asset of the trade is part of that leg, another one is a
    swap for nothing. Money that crosses the portfolio's border names no protocol; all else does, or says
    `metadata.flow`.

    Args:
        entries: In order of time, transfers between own accounts matched.
        portfolio: Its id.
        taken: Hashes that other portfolios' transactions have.
    """
    made: list[dict[str, Any]] = []
    places: list[tuple[str, str, int]] = []
    used = set(taken)
    for entry in entries:
        for number, row in enumerate(_rows(entry), start=entry.first):
            made.append(_framed(entry, row, number, portfolio, used))
            used.add(entry.hash)
            first = entry.places[0]
            places.append((first.file, first.word, first.number))
    frame = pl.DataFrame(made, schema=_SCHEMA, orient="row") if made else pl.DataFrame(schema=_SCHEMA)
    origin = pl.DataFrame(places, schema={"file": pl.String, "place": pl.String, "number": pl.Int64}, orient="row")
    return frame, origin


def row_id(entry: Entry, portfolio: str, number: int = 0) -> str:
    """The id of a row of an entry: it follows from the event, so that the same file gives the same rows."""
    if entry.row and number == 0:
        return entry.row
    return str(uuid5(NAMESPACE_URL, f"ys-analytics/transaction/{portfolio}|{entry.key}|{number}"))


def _framed(entry: Entry, row: _Row, number: int, portfolio: str, taken: set[str]) -> dict[str, Any]:
    note = _note(entry, row, number)
    own = entry.hash if number == 0 and entry.hash and entry.hash not in taken else ""
    if entry.hash and not own:
        note["part_of"] = entry.hash
    identity = entry.row or f"{portfolio}|{entry.key}|{number}"
    made_up = entry.written or "0x" + sha256(identity.encode()).hexdigest()
    return {
        "id": row_id(entry, portfolio, number),
        "portfolio_id": portfolio,
        "strategy_id": None,
        "transaction_hash": own or made_up,
        "chain_id": entry.chain,
        "block_number": entry.block,
        "transaction_type": row.type,
        "from_asset_id": row.sent.asset.id if row.sent else None,
        "to_asset_id": row.received.asset.id if row.received else None,
        "from_amount": abs(row.sent.amount) if row.sent else None,
        "to_amount": row.received.amount if row.received else None,
        "gas_used": None,
        "gas_price": None,
        "protocol_name": row.protocol[:_NAME_SIZE] or None,
        "status": "failed" if entry.failed else "confirmed",
        "timestamp": entry.time,
        "metadata": json.dumps(note, sort_keys=True),
    }


def _note(entry: Entry, row: _Row, number: int) -> dict[str, Any]:
    """What `metadata` states of a row; what holds for the whole event stands in its first row."""
    note: dict[str, Any] = dict(row.note or {})
    for side, leg in (("from", row.sent), ("to", row.received)):
        if leg is not None and leg.amount:
            note.setdefault(f"{side}_position", "spot")
    note["account"] = entry.account
    named = {"reference": entry.reference, "method": entry.method[:_NAME_SIZE]}
    if number == 0:
        named |= {name: f"{cost:f}" for name, cost in (("network_fee", entry.gas), ("l1_fee", entry.l1_fee)) if cost}
        named |= {"arrival": entry.arrived_as, "arrived": entry.arrival.isoformat() if entry.arrival else ""}
    return note | {name: text for name, text in named.items() if text}


def _rows(entry: Entry) -> list[_Row]:
    """The rows of an entry, its main one first."""
    if entry.failed:
        return [_nothing(entry, "failed")] if entry.gas else []
    net, fees = entry.net(), list(entry.fees)
    venue = entry.protocol or entry.account
    sent = [one for one in (entry.moves if entry.kind == "bridge" else net) if one.amount < 0]
    came = [one for one in (entry.moves if entry.kind == "bridge" else net) if one.amount > 0]
    if entry.kind == "trade":
        sent, came, fees = _folded(sent, came, fees)
    made = _KIND.get(entry.kind, _nothing_moved)(entry, sent, came, venue)
    made += [_fee(one, venue) for one in fees]
    if not made and (entry.gas or entry.l1_fee):
        made = [_nothing(entry, "approve")]
    return made


def _folded(sent: list[Move], came: list[Move], fees: list[Move]) -> tuple[list[Move], list[Move], list[Move]]:
    """Fees in an asset of the trade as part of its leg: more was given, or less received."""
    left = []
    for fee in fees:
        for legs in (sent, came):
            place = next((at for at, one in enumerate(legs) if one.asset.id == fee.asset.id), None)
            if place is not None and (legs is sent or legs[place].amount > fee.amount):
                legs[place] = Move(fee.asset, legs[place].amount - fee.amount, legs[place].account)
                break
        else:
            left.append(fee)
    return sent, came, left


def _fee(fee: Move, venue: str) -> _Row:
    """A fee in an asset of its own: given for nothing."""
    nothing = Move(fee.asset, Decimal(0), fee.account)
    return _Row("swap", Move(fee.asset, -fee.amount, fee.account), nothing, venue, {"action": "fee"})


def _nothing(entry: Entry, action: str) -> _Row:
    """A transaction that moved nothing and paid its gas."""
    nothing = None if entry.coin is None else Move(entry.coin, Decimal(0), entry.account)
    venue = entry.protocol or entry.away or "contract"
    return _Row("withdraw", nothing, protocol=venue, note={"action": action, "flow": "internal"})


def _trade(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    kind = {"stake": "stake", "unstake": "unstake"}.get(entry.kind, "swap")
    made = [_Row(kind, one, other, venue, {"action": entry.kind}) for one, other in zip(sent, came, strict=False)]
    made += [_Row("deposit", one, None, venue, {"action": entry.kind}) for one in sent[len(came) :]]
    made += [_Row("withdraw", None, one, venue, {"action": entry.kind}) for one in came[len(sent) :]]
    return made


def _crossing(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    del venue
    note = {"action": entry.kind, "flow": "external"}
    return [_Row("withdraw", one, None, "", note) for one in sent] + [
        _Row("deposit", None, one, "", note) for one in came
    ]


def _income(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    made = [_Row("claim", None, one, venue, {"action": entry.kind}) for one in came]
    return made + [_fee(Move(one.asset, -one.amount, one.account), venue) for one in sent]


def _spent(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    made = [_fee(Move(one.asset, -one.amount, one.account), venue) for one in sent]
    return made + [_Row("claim", None, one, venue, {"action": entry.kind}) for one in came]


_POSITION = {"stake": "staked", "unstake": "staked", "supply": "lending", "redeem": "lending"}


def _into(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    """Into a protocol: for a token of its own, or under its name, where the coins stay the portfolio's."""
    if came:
        return _trade(entry, sent, came, venue)
    kind, position = ("stake" if entry.kind == "stake" else "deposit"), _POSITION[entry.kind]
    note = {"action": entry.kind, "flow": "internal", "from_position": "spot", "to_position": position}
    return [_Row(kind, one, Move(one.asset, -one.amount, one.account), venue, note) for one in sent]


def _out_of(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    """Out of a protocol: for its token, or what was put in under its name."""
    if sent:
        return _trade(entry, sent, came, venue)
    kind, position = ("unstake" if entry.kind == "unstake" else "withdraw"), _POSITION[entry.kind]
    note = {"action": entry.kind, "flow": "internal", "from_position": position, "to_position": "spot"}
    return [_Row(kind, Move(one.asset, -one.amount, one.account), one, venue, note) for one in came]


def _borrow(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    note = {"action": "borrow", "flow": "internal", "from_position": "borrowing", "to_position": "spot"}
    return [_Row("withdraw", one, one, venue, note) for one in came] + _spent(entry, sent, [], venue)


def _repay(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    note = {"action": "repay", "flow": "internal", "from_position": "spot", "to_position": "borrowing"}
    made = [_Row("deposit", one, Move(one.asset, -one.amount, one.account), venue, note) for one in sent]
    return made + _income(entry, [], came, venue)


def _bridge(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    del entry
    return [
        _Row("bridge", one, other, venue, {"action": "transfer", "flow": "internal", "to_account": other.account})
        for one, other in zip(sent, came, strict=True)
    ]


def _own(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    """To or from an own address that no file is of: what is held stays what it is."""
    del entry
    note = {"action": "own address", "flow": "internal"}
    return [
        _Row(
            "bridge",
            Move(one.asset, -abs(one.amount), one.account),
            Move(one.asset, abs(one.amount), one.account),
            venue,
            note,
        )
        for one in (*sent, *came)
    ]


def _nothing_moved(entry: Entry, sent: list[Move], came: list[Move], venue: str) -> list[_Row]:
    del entry, sent, came, venue
    return []


_KIND = {
    "trade": _trade, "deposit": _crossing, "withdraw": _crossing, "income": _income, "airdrop": _income,
    "spent": _spent, "supply": _into, "stake": _into, "redeem": _out_of, "unstake": _out_of, "borrow": _borrow,
    "repay": _repay, "bridge": _bridge, "internal transfer": _own,
}  # fmt: skip


def assets_of(entries: Sequence[Entry]) -> dict[str, Asset]:
    """Every asset that entries name, by id."""
    return {one.asset.id: one.asset for entry in entries for one in (*entry.moves, *entry.fees)}
