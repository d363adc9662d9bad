"""Statuses of transactions and what follows from each: whether amounts moved and whether gas was paid.

The one place that says so. Gas, ledger legs, lots, flows, counts, pages, checks and the demo derive from `OUTCOMES`;
the materialized view of daily flows repeats it in SQL, and a test compares the two.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What follows from one value of `transactions.status`.

    Attributes:
        status: A value of `transaction_status_enum`.
        moves: Whether the amounts it states were moved.
        pays_gas: Whether gas was paid for it.
        why: What to say where it moves nothing or pays nothing; empty where it does both.
    """

    status: str
    moves: bool
    pays_gas: bool
    why: str = ""


OUTCOMES = (
    Outcome(status="pending", moves=False, pays_gas=False, why="it is in no block yet"),
    Outcome(status="confirmed", moves=True, pays_gas=True),
    Outcome(status="failed", moves=False, pays_gas=True, why="it was reverted"),
    Outcome(status="replaced", moves=False, pays_gas=False, why="another transaction took its place"),
)

MOVING = tuple(one.status for one in OUTCOMES if one.moves)
PAYING = tuple(one.status for one in OUTCOMES if one.pays_gas)


def moves(status: str = "status") -> pl.Expr:
    """Whether the amounts of a transaction were moved; false where the status is null or not known.

    >>> pl.DataFrame({"status": ["confirmed", "failed", None]}).select(moves())["status"].to_list()
    [True, False, False]
    """
    return _is_one_of(status, MOVING)


def pays_gas(status: str = "status") -> pl.Expr:
    """Whether gas was paid for a transaction; false where the status is null or not known.

    >>> pl.DataFrame({"status": ["confirmed", "failed", "replaced"]}).select(pays_gas())["status"].to_list()
    [True, True, False]
    """
    return _is_one_of(status, PAYING)


def why_not(status: str = "status") -> pl.Expr:
    """Why a transaction moved nothing, or paid no gas: "replaced: another transaction took its place"; else null.

    >>> pl.DataFrame({"status": ["confirmed", "failed"]}).select(why_not())["status"].to_list()
    [None, 'failed: it was reverted']
    """
    reasons = {outcome.status: f"{outcome.status}: {outcome.why}" for outcome in OUTCOMES if outcome.why}
    return pl.col(status).cast(pl.String).replace_strict(reasons, default=None, return_dtype=pl.String)


def _is_one_of(status: str, which: tuple[str, ...]) -> pl.Expr:
    return pl.col(status).cast(pl.String).is_in(which).fill_null(value=False)
