"""What each of the four stores holds, declared once.

Loaders, migrations, suites and documentation all read these declarations; a
shape that is not here does not exist for the kit.
"""

from importlib import import_module

from ys_analytics.schemas.chains import CHAIN_NUMBERS, CHAINS, chain_words
from ys_analytics.schemas.finding import NOTHING_TO_CHECK, Finding, Severity, rule_in_words
from ys_analytics.schemas.limits import LIMITS, Limits
from ys_analytics.schemas.names import text, unknown_name
from ys_analytics.schemas.progress import Progress, silent
from ys_analytics.schemas.span import QUARTER, Span, Week
from ys_analytics.schemas.stores import STORES, Store, StoreTraits
from ys_analytics.schemas.table import MONEY, TIME, Collection, Column, KeyFamily, Table

# Each store's are in the module of its name.
TABLES: dict[str, Table] = {
    table.name: table for store in STORES for table in import_module(f"{__name__}.{store}").TABLES
}


def tables_of(store: Store) -> list[Table]:
    """The tables, key families or collections of one store, in the order they are declared.

    >>> [table.name for table in tables_of("qdrant")]
    ['market_sentiment', 'protocol_analysis', 'trading_patterns']
    """
    return [table for table in TABLES.values() if table.store == store]


__all__ = [
    "CHAINS",
    "CHAIN_NUMBERS",
    "LIMITS",
    "MONEY",
    "NOTHING_TO_CHECK",
    "QUARTER",
    "STORES",
    "TABLES",
    "TIME",
    "Collection",
    "Column",
    "Finding",
    "KeyFamily",
    "Limits",
    "Progress",
    "Severity",
    "Span",
    "Store",
    "StoreTraits",
    "Table",
    "Week",
    "chain_words",
    "rule_in_words",
    "silent",
    "tables_of",
    "text",
    "unknown_name",
]
