"""Turn entries into rows of `transactions`: two legs a row, fees and gas in metadata, external flows marked.

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
from ys_analytics.ingest.numbers import all_digits
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
    metadata: dict[str, Any] | None = None


@all_digits()
def rows(
    entries: Sequence[Entry], *, portfolio: str, taken_hashes: frozenset[str] = frozenset()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `transactions` of one portfolio, and the place each comes from.

    A trade has one row for each pair of assets; a fee in an asset of the trade is part of that leg, another one is a
    swap for nothing. Money that crosses the portfolio's border names no protocol; all else does, or says
    `metadata.flow`.

    Args:
        entries: In order of time, transfers between own accounts matched.
        portfolio: Its id.
        taken_hashes: Hashes that other portfolios' transactions have.
    """
    row_values: list[dict[str, Any]] = []
    places: list[tuple[str, str, int]] = []
    used = set(taken_hashes)
    for entry in entries:
        for number, row in enumerate(_rows(entry), start=entry.first_row_number):
            row_values.append(_row_values(entry, row, number, portfolio, used))
            used.add(entry.hash)
            first = entry.places[0]
            places.append((first.file, first.word, first.number))
    frame = pl.DataFrame(row_values, schema=_SCHEMA, orient="row") if row_values else pl.DataFrame(schema=_SCHEMA)
    origin = pl.DataFrame(places, schema={"file": pl.String, "place": pl.String, "number": pl.Int64}, orient="row")
    return frame, origin


def row_id(entry: Entry, portfolio: str, number: int = 0) -> str:
    """The id of a row of an entry: it follows from the event, so that the same file gives the same rows."""
    if entry.stored_row and number == 0:
        return entry.stored_row
    return str(uuid5(NAMESPACE_URL, f"ys-analytics/transaction/{portfolio}|{entry.key}|{number}"))


def _row_values(entry: Entry, row: _Row, number: int, portfolio: str, taken_hashes: set[str]) -> dict[str, Any]:
    metadata = _note(entry, row, number)
    own_hash = entry.hash if number == 0 and entry.hash and entry.hash not in taken_hashes else ""
    if entry.hash and not own_hash:
        metadata["part_of"] = entry.hash
    identity = entry.stored_row or f"{portfolio}|{entry.key}|{number}"
    replacement_hash = entry.stored_hash or "0x" + sha256(identity.encode()).hexdigest()
    return {
        "id": row_id(entry, portfolio, number),
        "portfolio_id": portfolio,
        "strategy_id": None,
        "transaction_hash": own_hash or replacement_hash,
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
        "metadata": json.dumps(metadata, sort_keys=True),
    }


def _note(entry: Entry, row: _Row, number: int) -> dict[str, Any]:
    """What `metadata` states of a row; what holds for the whole event stands in its first row."""
    metadata: dict[str, Any] = dict(row.metadata or {})
    for side, leg in (("from", row.sent), ("to", row.received)):
        if leg is not None and leg.amount:
            metadata.setdefault(f"{side}_position", "spot")
    metadata["account"] = entry.account
    named = {"reference": entry.reference, "method": entry.method[:_NAME_SIZE]}
    if number == 0:
        named |= {name: f"{cost:f}" for name, cost in (("network_fee", entry.gas), ("l1_fee", entry.l1_fee)) if cost}
        named |= {"arrival": entry.arrival_row, "arrived": entry.arrival.isoformat() if entry.arrival else ""}
    return metadata | {name: text for name, text in named.items() if text}


def _rows(entry: Entry) -> list[_Row]:
    """The rows of an entry, its main one first."""
    if entry.failed:
        return [_gas_only(entry, "failed")] if entry.gas else []
    net, fees = entry.net(), list(entry.fees)
    venue = entry.protocol or entry.account
    sent = [move for move in (entry.moves if entry.kind == "bridge" else net) if move.amount < 0]
    incoming = [move for move in (entry.moves if entry.kind == "bridge" else net) if move.amount > 0]
    if entry.kind == "trade":
        sent, incoming, fees = _fold_fees(sent, incoming, fees)
    row_list = _ROWS_BY_KIND.get(entry.kind, _nothing_moved)(entry, sent, incoming, venue)
    row_list += [_fee(move, venue) for move in fees]
    if not row_list and (entry.gas or entry.l1_fee):
        row_list = [_gas_only(entry, "approve")]
    return row_list


def _fold_fees(sent: list[Move], incoming: list[Move], fees: list[Move]) -> tuple[list[Move], list[Move], list[Move]]:
    """Fold fees in an asset of the trade into its leg: more was sent, or less received."""
    remaining_fees = []
    for fee in fees:
        for legs in (sent, incoming):
            index = next((number for number, leg in enumerate(legs) if leg.asset.id == fee.asset.id), None)
            if index is not None and (legs is sent or legs[index].amount > fee.amount):
                legs[index] = Move(fee.asset, legs[index].amount - fee.amount, legs[index].account)
                break
        else:
            remaining_fees.append(fee)
    return sent, incoming, remaining_fees


def _fee(fee: Move, venue: str) -> _Row:
    """A row for a fee in an asset of its own: a swap for nothing."""
    zero_move = Move(fee.asset, Decimal(0), fee.account)
    return _Row("swap", Move(fee.asset, -fee.amount, fee.account), zero_move, venue, {"action": "fee"})


def _gas_only(entry: Entry, action: str) -> _Row:
    """A transaction that moved nothing and paid its gas."""
    zero_move = None if entry.coin is None else Move(entry.coin, Decimal(0), entry.account)
    venue = entry.protocol or entry.counterparty or "contract"
    return _Row("withdraw", zero_move, protocol=venue, metadata={"action": action, "flow": "internal"})


def _trade(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    kind = {"stake": "stake", "unstake": "unstake"}.get(entry.kind, "swap")
    rows = [
        _Row(kind, sent_move, received_move, venue, {"action": entry.kind})
        for sent_move, received_move in zip(sent, incoming, strict=False)
    ]
    rows += [_Row("deposit", sent_move, None, venue, {"action": entry.kind}) for sent_move in sent[len(incoming) :]]
    rows += [_Row("withdraw", None, sent_move, venue, {"action": entry.kind}) for sent_move in incoming[len(sent) :]]
    return rows


def _external_flow(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    del venue
    metadata = {"action": entry.kind, "flow": "external"}
    return [_Row("withdraw", move, None, "", metadata) for move in sent] + [
        _Row("deposit", None, move, "", metadata) for move in incoming
    ]


def _income(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    rows = [_Row("claim", None, move, venue, {"action": entry.kind}) for move in incoming]
    return rows + [_fee(Move(move.asset, -move.amount, move.account), venue) for move in sent]


def _spent(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    rows = [_fee(Move(move.asset, -move.amount, move.account), venue) for move in sent]
    return rows + [_Row("claim", None, move, venue, {"action": entry.kind}) for move in incoming]


_POSITION = {"stake": "staked", "unstake": "staked", "supply": "lending", "redeem": "lending"}


def _into_protocol(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    """Into a protocol: for a token of its own, or under its name, where the coins stay the portfolio's."""
    if incoming:
        return _trade(entry, sent, incoming, venue)
    kind, position = ("stake" if entry.kind == "stake" else "deposit"), _POSITION[entry.kind]
    metadata = {"action": entry.kind, "flow": "internal", "from_position": "spot", "to_position": position}
    return [_Row(kind, move, Move(move.asset, -move.amount, move.account), venue, metadata) for move in sent]


def _out_of_protocol(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    """Out of a protocol: for its token, or what was put in under its name."""
    if sent:
        return _trade(entry, sent, incoming, venue)
    kind, position = ("unstake" if entry.kind == "unstake" else "withdraw"), _POSITION[entry.kind]
    metadata = {"action": entry.kind, "flow": "internal", "from_position": position, "to_position": "spot"}
    return [_Row(kind, Move(move.asset, -move.amount, move.account), move, venue, metadata) for move in incoming]


def _borrow(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    metadata = {"action": "borrow", "flow": "internal", "from_position": "borrowing", "to_position": "spot"}
    return [_Row("withdraw", move, move, venue, metadata) for move in incoming] + _spent(entry, sent, [], venue)


def _repay(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    metadata = {"action": "repay", "flow": "internal", "from_position": "spot", "to_position": "borrowing"}
    rows = [_Row("deposit", move, Move(move.asset, -move.amount, move.account), venue, metadata) for move in sent]
    return rows + _income(entry, [], incoming, venue)


def _bridge(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    del entry
    return [
        _Row(
            "bridge",
            sent_move,
            received_move,
            venue,
            {"action": "transfer", "flow": "internal", "to_account": received_move.account},
        )
        for sent_move, received_move in zip(sent, incoming, strict=True)
    ]


def _own_address(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    """Transfers with an own address that has no file: holdings do not change."""
    del entry
    metadata = {"action": "own address", "flow": "internal"}
    return [
        _Row(
            "bridge",
            Move(move.asset, -abs(move.amount), move.account),
            Move(move.asset, abs(move.amount), move.account),
            venue,
            metadata,
        )
        for move in (*sent, *incoming)
    ]


def _nothing_moved(entry: Entry, sent: list[Move], incoming: list[Move], venue: str) -> list[_Row]:
    del entry, sent, incoming, venue
    return []


_ROWS_BY_KIND = {
    "trade": _trade,
    "deposit": _external_flow,
    "withdraw": _external_flow,
    "income": _income,
    "airdrop": _income,
    "spent": _spent,
    "supply": _into_protocol,
    "stake": _into_protocol,
    "redeem": _out_of_protocol,
    "unstake": _out_of_protocol,
    "borrow": _borrow,
    "repay": _repay,
    "bridge": _bridge,
    "internal transfer": _own_address,
}


def assets_of(entries: Sequence[Entry]) -> dict[str, Asset]:
    """Every asset that entries name, by id."""
    return {move.asset.id: move.asset for entry in entries for move in (*entry.moves, *entry.fees)}
