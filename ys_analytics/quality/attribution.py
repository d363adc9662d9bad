"""The keys that failing rows name: which portfolio, asset, pool or chain is affected.

Depends on what each table declares (`affects`). Does not follow a key to a portfolio; `reach` does.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from ys_analytics.quality.suite_types import CROSS_STORE
from ys_analytics.schemas import TABLES, Finding
from ys_analytics.schemas.attribution import KIND_OF_COLUMN, MAX_KEYS
from ys_analytics.schemas.table import Kind

NO_KEY = "its rows name no portfolio"
TOO_MANY = f"its rows name more than {MAX_KEYS:,} keys"
NOT_IDENTIFIABLE = "its rows cannot be told apart"
WHOLE_TABLE = "it is about the whole table"
ALL_DEPEND = "all portfolios' numbers rest on this table"


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Where the keys of failing rows are found.

    Attributes:
        kind: Kind of the keys: portfolio, asset, pool; empty when there are none, or none is needed.
        column: The column that holds them.
        lookup_table: The table whose rows hold that column, where the failing rows do not; empty where they do.
        lookup_columns: The columns that failing rows share with that table.
        no_portfolio: Whether no portfolio's numbers depend on such rows.
        all_reason: Why all portfolios' numbers do; empty where a key names the portfolio.
    """

    kind: Kind | str = ""
    column: str = ""
    lookup_table: str = ""
    lookup_columns: tuple[str, ...] = ()
    no_portfolio: bool = False
    all_reason: str = ""


def table_of(suite: str, columns: Sequence[str]) -> str:
    """The table that a rule is about; of a rule over several, the first it names.

    >>> table_of("cross_store", ["transactions.strategy_id", "trading_strategies.id"])
    'transactions'
    """
    return columns[0].split(".")[0] if suite == CROSS_STORE and columns else suite


def key_path(suite: str, columns: Sequence[str], selected: Collection[str]) -> KeyPath:
    """Where the keys of rows with these columns are found.

    Args:
        suite: The suite of the rule.
        columns: The columns the rule is about.
        selected: The columns of its rows at fault.

    >>> key_path("transactions", ["gas_price"], ["id", "gas_price"])
    KeyPath(kind='portfolio', column='portfolio_id', lookup_table='transactions', lookup_columns=('id',), ...)
    """
    table = table_of(suite, columns)
    declared = TABLES[table].affects if table in TABLES else None
    if declared is None:
        return KeyPath(all_reason=ALL_DEPEND)
    if not declared:
        return KeyPath(no_portfolio=True)
    column, kind = declared
    # The id of a query over several tables may be anything's.
    if column in selected and not (suite == CROSS_STORE and column == "id"):
        return KeyPath(kind=kind, column=column)
    if suite == CROSS_STORE and "portfolio_id" in selected:
        return KeyPath(kind="portfolio", column="portfolio_id")
    key = TABLES[table].key
    shared_columns = (
        key if key and set(key) <= set(selected) else tuple(_shared_columns(suite, table, columns, selected))
    )
    if shared_columns:
        return KeyPath(kind=kind, column=column, lookup_table=table, lookup_columns=shared_columns)
    named_column = next((name for name in KIND_OF_COLUMN if name in selected), "")
    return (
        KeyPath(kind=KIND_OF_COLUMN[named_column], column=named_column) if named_column else KeyPath(all_reason=NO_KEY)
    )


def _shared_columns(suite: str, table: str, columns: Sequence[str], selected: Collection[str]) -> list[str]:
    """The columns by which rows of a query over several tables are found again in the first."""
    if suite != CROSS_STORE:
        return []
    of_table = [column.split(".")[1] for column in columns if column.split(".")[0] == table]
    return [name for name in of_table if name in selected]


def with_keys(finding: Finding, keys: Mapping[str, Iterable[str]]) -> Finding:
    """A finding with the keys its rows name; where a key is null it affects all portfolios."""
    listed = {kind: sorted(set(values)) for kind, values in keys.items()}
    if any("" in values for values in listed.values()):
        return affects_all(finding, NO_KEY)
    if sum(len(values) for values in listed.values()) > MAX_KEYS:
        return affects_all(finding, TOO_MANY)
    return replace(finding, affects=listed, portfolios=[] if not listed else None)


def affects_all(finding: Finding, reason: str) -> Finding:
    """A finding that affects all portfolios, and why."""
    return replace(finding, affects=None, portfolios=None, all_reason=reason)


def about_whole_table(finding: Finding, columns: Sequence[str]) -> Finding:
    """A finding without rows, such as of an emptied table or a rule that could not run: it affects all, or none."""
    table = TABLES.get(table_of(finding.suite, columns))
    return with_keys(finding, {}) if table is not None and table.affects == () else affects_all(finding, WHOLE_TABLE)


@dataclass(frozen=True, slots=True)
class FrameKeys:
    """Adds keys to the findings of detectors, whose failing rows are frames.

    Attributes:
        frame: Gives a table of the run.
    """

    frame: Callable[[str], pl.DataFrame] = field(repr=False)

    def attribute(self, finding: Finding, columns: Sequence[str], failing_rows: pl.DataFrame) -> Finding:
        """A detector's finding with every key that its rows name."""
        path = key_path(finding.suite, columns, failing_rows.columns)
        if path.no_portfolio:
            return with_keys(finding, {})
        if not path.kind:
            return affects_all(finding, path.all_reason)
        rows = failing_rows
        if path.lookup_table:
            if failing_rows.select(pl.any_horizontal(pl.col(path.lookup_columns).is_null()).any()).item():
                return affects_all(finding, NO_KEY)
            rows = self.frame(path.lookup_table).join(
                failing_rows.select(path.lookup_columns).unique(), on=path.lookup_columns, how="semi"
            )
        keys = rows[path.column]
        if isinstance(keys.dtype, pl.List):
            keys = keys.explode()
        key_values = keys.cast(pl.String).fill_null("").unique().to_list()
        return with_keys(finding, {path.kind: key_values}) if key_values else affects_all(finding, NO_KEY)
