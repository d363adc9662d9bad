"""Entries: events of wallets and exchanges, which assets moved where, in kinds that all layouts share.

Depends on nothing but assets. Knows no file and no store.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ys_analytics.ingest.assets import Asset

# Kinds by the direction of their amount, where the layout writes no sign.
INCOMING_KINDS = frozenset({"deposit", "income", "airdrop", "buy", "redeem", "unstake", "borrow"})
OUTGOING_KINDS = frozenset({"withdraw", "sell", "spent", "supply", "stake", "repay", "fee", "convert"})
KINDS = (
    *sorted(INCOMING_KINDS | OUTGOING_KINDS),
    "trade",
    "transfer",
    "gain",
    "sides",
    "internal",
    "approve",
    "ignore",
)

# Choices for the question what an unknown kind is.
CHOICES = ("deposit", "withdraw", "trade", "income", "spent", "internal", "ignore")


@dataclass(frozen=True, slots=True)
class Place:
    """The file, the word for its rows (line, row or item) and the number of a row."""

    file: str
    word: str
    number: int

    def __str__(self) -> str:
        """As a message names it."""
        return f"{self.file} {self.word} {self.number}"


@dataclass(slots=True)
class Move:
    """An amount of an asset that came to an account (positive) or left it."""

    asset: Asset
    amount: Decimal
    account: str


@dataclass(slots=True)
class Entry:
    """One event: rows that belong together.

    Attributes:
        key: What makes it this event in every export of it.
        time: When it happened.
        kind: One of `KINDS`.
        account: At which exchange or wallet.
        moves: What came and left.
        fees: What was paid beyond the moves, positive.
        gas: What the transaction cost in the chain's coin; None where the account paid none.
        l1_fee: The part of a rollup's cost that is charged apart.
        hash: Of the transaction on chain; empty where there is none.
        chain: EVM chain; 0 off chain.
        block: Its block; 0 where unknown.
        failed: Whether it was reverted.
        protocol: The protocol or counterparty's name; empty where it is not known.
        method: The called method's name.
        counterparty: The other address, for matching; never written anywhere.
        places: The rows it is made of.
        reference: The exchange's own id.
        arrival: Of a transfer, when the other side saw it.
        coin: The coin in which its gas was paid.
        stored_row: The id of its first row, where that does not follow from its key: it was read from the store.
        stored_hash: The hash that row has.
        arrival_row: Of a transfer, the id that the row of its other side has or would have.
        is_matched: Whether an earlier import matched it.
        first_row_number: The number of its first row.
    """

    key: str
    time: datetime
    kind: str
    account: str
    moves: list[Move] = field(default_factory=list)
    fees: list[Move] = field(default_factory=list)
    gas: Decimal | None = None
    l1_fee: Decimal | None = None
    hash: str = ""
    chain: int = 0
    block: int = 0
    failed: bool = False
    protocol: str = ""
    method: str = ""
    counterparty: str = ""
    places: list[Place] = field(default_factory=list)
    reference: str = ""
    arrival: datetime | None = None
    coin: Asset | None = None
    stored_row: str = ""
    stored_hash: str = ""
    arrival_row: str = ""
    is_matched: bool = False
    first_row_number: int = 0

    def net(self) -> list[Move]:
        """The net movement of each asset, without those that cancel; outgoing first, then in order."""
        sums: dict[str, Move] = {}
        for move in self.moves:
            if move.asset.id in sums:
                sum_so_far = sums[move.asset.id]
                sums[move.asset.id] = Move(sum_so_far.asset, sum_so_far.amount + move.amount, sum_so_far.account)
            else:
                sums[move.asset.id] = move
        remaining = [move for move in sums.values() if move.amount]
        return [move for move in remaining if move.amount < 0] + [move for move in remaining if move.amount > 0]
