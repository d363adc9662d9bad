"""Coverage of a built portfolio: days without prices, balances below zero, and balances that files state otherwise.

Depends on nothing; computes nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days on which an asset that was held had no price.

    Attributes:
        symbol: Of the asset.
        first: The first of the days.
        last: The last of them; all between lack it too.
    """

    symbol: str
    first: date
    last: date

    def __str__(self) -> str:
        """For a person."""
        count = (self.last - self.first).days + 1
        days = f"{self.first}" if count == 1 else f"{self.first} to {self.last}, {count} days"
        return f"no price of {self.symbol} on {days}: no snapshot there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A balance that goes below zero: more left than came.

    Attributes:
        symbol: Of the asset.
        position: How it is held.
        time: When it first went below zero.
        lowest: How far below zero it goes at most, in units of the asset.
    """

    symbol: str
    position: str
    time: datetime
    lowest: Decimal

    def __str__(self) -> str:
        """For a person."""
        return (
            f"{self.symbol} ({self.position}) goes below zero on {self.time:%Y-%m-%d %H:%M:%S} and to "
            f"{self.lowest.normalize():f}: what came before is missing"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A balance that a file states and the transactions do not come to.

    Attributes:
        account: The account's name.
        symbol: Of the asset.
        time: The moment of the stated balance.
        stated: What the file states.
        computed: What the transactions of the account come to.
    """

    account: str
    symbol: str
    time: datetime
    stated: Decimal
    computed: Decimal

    def __str__(self) -> str:
        """For a person."""
        difference = (self.computed - self.stated).normalize()
        return (
            f"{self.account} states {self.stated.normalize():f} {self.symbol}, "
            f"transactions come to {difference:+f} of that"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was built, and its coverage.

    Attributes:
        portfolio: Its id.
        first: The first day with a snapshot; None without one.
        last: The last day.
        snapshots: Days with a snapshot.
        days: Days from the first transaction to the last day.
        positions: How many are held.
        value: Net value at the last day, in USD; None where it has no snapshot.
        gaps: Days without a price of what was held.
        shortages: Balances below zero.
        differences: Balances that files state otherwise.
        agreed: Balances that files state and transactions come to.
    """

    portfolio: str
    first: date | None
    last: date
    snapshots: int
    days: int
    positions: int
    value: Decimal | None
    gaps: tuple[Gap, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    differences: tuple[Difference, ...] = ()
    agreed: int = 0

    def __str__(self) -> str:
        """The coverage and the result, a line each."""
        lines = [str(remark) for remark in (*self.gaps, *self.shortages, *self.differences)]
        if self.agreed or self.differences:
            lines.append(
                f"{self.agreed} of {self.agreed + len(self.differences)} stated balances agree to the last digit"
            )
        value = "no value on the last day" if self.value is None else f"{self.value:,.2f} USD on {self.last}"
        lines.append(f"{self.snapshots} of {self.days} days have a snapshot; {self.positions} positions; {value}")
        return "\n".join(lines)
