"""Rules that a column or a table declares: what must hold, how much it matters, and what is affected where it does not.

The suites, the keys between stores, the doctor, the import and the data dictionary derive from them. Does not run
anything; knows no engine.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ys_analytics.schemas.finding import Severity

# The first Bitcoin block: nothing of ours can be older.
GENESIS = datetime(2009, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Format:
    """A way to spell a text.

    Attributes:
        name: What it is called in the data dictionary.
        regex: What matches it on every engine; empty for JSON, which an engine parses.
    """

    name: str
    regex: str = ""


UUID = Format("UUID in lower case", r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
ADDRESS = Format("address of a contract", r"^0x[0-9a-fA-F]{40}$")
ADDRESS_OR_EMPTY = Format("address of a contract, or empty", r"^(0x[0-9a-fA-F]{40})?$")
TRANSACTION_HASH = Format("hash of a transaction", r"^0x[0-9a-fA-F]{64}$")
SHA256 = Format("SHA-256", r"^[0-9a-f]{64}$")
VERSION = Format("version number", r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?([.+-][0-9A-Za-z.+-]+)?$")
NUMBERED = Format("four digits first", r"^[0-9]{4}")
LABEL = Format("label without spaces", r"^[A-Za-z0-9][A-Za-z0-9_.:+/-]*$")
TEXT = Format("not blank", r"\S")
JSON = Format("JSON")


@dataclass(frozen=True, slots=True)
class Required:
    """A value in every row.

    Attributes:
        severity: What a failure means.
        damage: What is affected by it; one sentence, or two.
    """

    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text of one format, where there is any.

    Attributes:
        format: Which.
        severity: What a failure means.
        damage: What is affected by it.
    """

    format: Format
    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class Bounded:
    """A value within bounds, where there is one.

    Attributes:
        severity: What a failure means.
        damage: What is affected by it.
        at_least: The lowest value allowed.
        above: A value that is too low.
        at_most: The highest value allowed.
        mostly: Share of rows that must be within.
        refused: Whether an import refuses a row on the wrong side of zero, however mild the severity.
    """

    severity: Severity
    damage: str
    at_least: float | date | None = None
    above: float | None = None
    at_most: float | None = None
    mostly: float = 1.0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value of a list, where there is one.

    Attributes:
        severity: What a failure means.
        damage: What is affected by it.
        values: The list; that of the column's type where left out.
    """

    severity: Severity
    damage: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refers:
    """A value that stands in a column of another table, in this store or another one.

    Attributes:
        to: Table and column, such as `assets.id`.
        severity: What a failure means.
        damage: What is affected by it.
    """

    to: str
    severity: Severity
    damage: str

    @property
    def table(self) -> str:
        """The table referred to."""
        return self.to.split(".")[0]

    @property
    def column(self) -> str:
        """The column referred to."""
        return self.to.split(".")[1]


@dataclass(frozen=True, slots=True)
class Unique:
    """One row for each value of a column, or of the key of a table.

    Attributes:
        severity: What a failure means.
        damage: What is affected by it.
        by: The columns of a table, where they are not its key.
        rule: Its name, where it needs one of its own.
    """

    severity: Severity
    damage: str
    by: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A number of rows a table has at least.

    Attributes:
        at_least: How many.
        severity: What a failure means.
        damage: What is affected by it.
    """

    at_least: int
    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class NotInFuture:
    """A time that is not in the future."""

    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class OnTime:
    """A time whose newest value is as recent as the usual interval of the table lets expect."""

    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class NoGap:
    """A time with a row in every interval of its series."""

    severity: Severity
    damage: str


@dataclass(frozen=True, slots=True)
class UsualRows:
    """A time with as many rows a day as the days around it.

    Attributes:
        severity: What a failure means.
        damage: What is affected by it.
        fixed_interval: Whether the rows come at fixed intervals, so that one day's number is the next one's.
    """

    severity: Severity
    damage: str
    fixed_interval: bool = True


@dataclass(frozen=True, slots=True)
class NotSilent:
    """A column whose values name the series, none of which stops while the others go on."""

    severity: Severity
    damage: str


Timing = NotInFuture | OnTime | NoGap | UsualRows | NotSilent
Rule = Required | Formatted | Bounded | OneOf | Refers | Unique | Timing
