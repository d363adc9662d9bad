"""Questions to PostgreSQL: the analyst's rights, partitions, age of the last rows."""

from collections.abc import Iterator
from datetime import datetime

from ys_analytics.doctor.ages import MOMENTS, freshness
from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import tables_of
from ys_analytics.stores import Stores
from ys_analytics.stores.postgres import Postgres

_PARTITIONED = ("transactions", "risk_assessments")

_MAY_READ = """
    SELECT table_name, column_name FROM information_schema.column_privileges
    WHERE grantee = current_user AND privilege_type = 'SELECT' AND table_schema = current_schema()
"""
_PARTITIONS = r"""
    SELECT count(*) FILTER (WHERE pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'),
           max(substring(pg_get_expr(c.relpartbound, c.oid) FROM '\d{4}-\d{2}'))
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = %(table)s::regclass
"""


def examine(stores: Stores, as_of: datetime) -> Iterator[Answer]:
    """Rights, partitions and ages."""
    store = stores.postgres
    yield _rights(store)
    for table in _PARTITIONED:
        yield _partitions(store, table)
    timed = [table for table in tables_of("postgres") if table.time is not None]
    yield from freshness(
        "postgres", [(table.name, _moments(store, table.name, str(table.time))) for table in timed], as_of
    )


def _moments(store: Postgres, table: str, time: str) -> list[datetime]:
    """The newest distinct moments of a table."""
    query = f'SELECT DISTINCT "{time}" FROM "{table}" WHERE "{time}" IS NOT NULL ORDER BY 1 DESC LIMIT {MOMENTS}'  # noqa: S608 - declared names
    return [row[0] for row in store.rows(query)]


def _rights(store: Postgres) -> Answer:
    """Whether the analyst may read every visible column and no secret one."""
    granted = {(str(table), str(column)) for table, column in store.rows(_MAY_READ)}
    tables = tables_of("postgres")
    secret = {(table.name, column.name) for table in tables for column in table.columns if column.secret}
    readable_secrets = sorted(".".join(pair) for pair in granted & secret)
    if readable_secrets:
        return Answer("postgres", "may read", f"secrets: {', '.join(readable_secrets)}; run `ys migrate up`", ok=False)
    visible = {(table.name, column.name) for table in tables if not table.view for column in table.visible}
    if unreadable := sorted({table for table, _ in visible - granted}):
        return Answer(
            "postgres",
            "may read",
            f"not all of {', '.join(unreadable)}; its owner must grant it to this role",
            ok=False,
        )
    text = f"all of {len({table for table, _ in visible})} tables, none of {len(secret)} secret columns"
    return Answer("postgres", "may read", text)


def _partitions(store: Postgres, table: str) -> Answer:
    """The number of monthly partitions, and of rows in the default one."""
    months, last = store.rows(_PARTITIONS, {"table": table})[0]
    in_default = store.rows(f"SELECT count(*) FROM {table} WHERE tableoid = '{table}_default'::regclass")[0][0]  # noqa: S608 - our own two
    text = f"{table}: {months} months"
    if in_default:
        return Answer(
            "postgres",
            "partitions",
            f"{text}, {in_default} rows in none of them: slow to search; `ys migrate refresh` makes the year ahead's",
            ok=False,
        )
    return Answer("postgres", "partitions", f"{text}, up to {last}; no row outside them" if months else text)
