"""From rows at fault to the keys they name: which portfolio, asset, pool or chain is concerned.

Depends on what each table declares (`affects`). Does not follow a key to a portfolio; `reach` does.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from ys_analytics.quality.suite_types import CROSS_STORE
from ys_analytics.schemas import TABLES, Finding
from ys_analytics.schemas.attribution import MOST_KEYS, SAYS
from ys_analytics.schemas.table import Kind

NO_KEY = "its rows name no portfolio"
TOO_MANY = f"its rows name more than {MOST_KEYS:,} keys"
NO_COUNT = "its rows cannot be told apart"
WHOLE = "it is about the whole table"
SHARED = "all portfolios' numbers rest on this table"


@dataclass(frozen=True, slots=True)
class Way:
    """How rows at fault of a rule lead to keys.

    Attributes:
        kind: What the keys are keys of; empty when there is no way, or none is needed.
        column: The column that holds them.
        through: The table whose rows hold that column, where the rows at fault do not; empty where they do.
        by: The columns that rows at fault share with that table.
        nobody: Whether no portfolio's numbers rest on such rows.
        everybody: Why everybody's do; empty where a key says whose.
    """

    kind: Kind | str = ""
    column: str = ""
    through: str = ""
    by: tuple[str, ...] = ()
    nobody: bool = False
    everybody: str = ""


def table_of(suite: str, columns: Sequence[str]) -> str:
    """The table that a rule is about; of a rule over several, the first it names.

    >>> table_of("cross_store", ["transactions.strategy_id", "trading_strategies.id"])
    'transactions'
    """
    return columns[0].split(".")[0] if suite == CROSS_STORE and columns else suite


def way(suite: str, columns: Sequence[str], selected: Collection[str]) -> Way:
    """How rows with these columns lead to keys.

    Args:
        suite: The suite of the rule.
        columns: The columns the rule is about.
        selected: The columns of its rows at fault.

    >>> way("transactions", ["gas_price"], ["id", "gas_price"])
    Way(kind='portfolio', column='portfolio_id', through='transactions', by=('id',), nobody=False, everybody='')
    """
    table = table_of(suite, columns)
    declared = TABLES[table].affects if table in TABLES else None
    if declared is None:
        return Way(everybody=SHARED)
    if not declared:
        return Way(nobody=True)
    column, kind = declared
    # The id of a query over several tables may be anything's.
    if column in selected and not (suite == CROSS_STORE and column == "id"):
        return Way(kind=kind, column=column)
    if suite == CROSS_STORE and "portfolio_id" in selected:
        return Way(kind="portfolio", column="portfolio_id")
    key = TABLES[table].key
    shared = key if key and set(key) <= set(selected) else tuple(_shared(suite, table, columns, selected))
    if shared:
        return Way(kind=kind, column=column, through=table, by=shared)
    said = next((name for name in SAYS if name in selected), "")
    return Way(kind=SAYS[said], column=said) if said else Way(everybody=NO_KEY)


def _shared(suite: str, table: str, columns: Sequence[str], selected: Collection[str]) -> list[str]:
    """The columns by which rows of a query over several tables are found again in the first."""
    if suite != CROSS_STORE:
        return []
    named = [column.split(".")[1] for column in columns if column.split(".")[0] == table]
    return [name for name in named if name in selected]


def touching(finding: Finding, keys: Mapping[str, Iterable[str]]) -> Finding:
    """A finding with the keys its rows name; a key that is absent makes it everybody's."""
    listed = {kind: sorted(set(values)) for kind, values in keys.items()}
    if any("" in values for values in listed.values()):
        return everybody(finding, NO_KEY)
    if sum(len(values) for values in listed.values()) > MOST_KEYS:
        return everybody(finding, TOO_MANY)
    return replace(finding, affects=listed, portfolios=[] if not listed else None)


def everybody(finding: Finding, why: str) -> Finding:
    """A finding that concerns everybody, and why."""
    return replace(finding, affects=None, portfolios=None, everybody=why)


def whole(finding: Finding, columns: Sequence[str]) -> Finding:
    """A finding about no rows, such as an emptied table or a rule that could not run: everybody's, or nobody's."""
    table = TABLES.get(table_of(finding.suite, columns))
    return touching(finding, {}) if table is not None and table.affects == () else everybody(finding, WHOLE)


@dataclass(frozen=True, slots=True)
class Frames:
    """Rows at fault as frames, and the tables they come from.

    Attributes:
        frame: Gives a table of the run.
    """

    frame: Callable[[str], pl.DataFrame] = field(repr=False)

    def attribute(self, finding: Finding, columns: Sequence[str], faults: pl.DataFrame) -> Finding:
        """A detector's finding with every key that its rows name."""
        found = way(finding.suite, columns, faults.columns)
        if found.nobody:
            return touching(finding, {})
        if not found.kind:
            return everybody(finding, found.everybody)
        rows = faults
        if found.through:
            if faults.select(pl.any_horizontal(pl.col(found.by).is_null()).any()).item():
                return everybody(finding, NO_KEY)
            rows = self.frame(found.through).join(faults.select(found.by).unique(), on=found.by, how="semi")
        keys = rows[found.column]
        if isinstance(keys.dtype, pl.List):
            keys = keys.explode()
        named = keys.cast(pl.String).fill_null("").unique().to_list()
        return touching(finding, {found.kind: named}) if named else everybody(finding, NO_KEY)
