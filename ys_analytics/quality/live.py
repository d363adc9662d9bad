"""Checks the stores as they are now against the suites.

Depends on where each rule can run: PostgreSQL and ClickHouse check in place by SQL; Redis and Qdrant, and rules over
many rows together, use frames loaded for the purpose. Does not know a rule.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics import frames
from ys_analytics.errors import ContractError
from ys_analytics.frames import parquet
from ys_analytics.quality import suites, worker_process
from ys_analytics.quality.dependents import NEEDED_TABLES, Dependents
from ys_analytics.quality.findings import LOADS_AS_DECLARED
from ys_analytics.quality.suite_types import CROSS_STORE, NEEDED_WITH
from ys_analytics.schemas import STORES, TABLES, Finding, Store, Table
from ys_analytics.stores import Stores, dialect

if TYPE_CHECKING:
    from ys_analytics.stores.clickhouse import ClickHouse
    from ys_analytics.stores.postgres import Postgres


def validate_live(
    stores: Stores, *, as_of: datetime, tables: Iterable[str] | None = None, suites_in: Path = suites.FOLDER
) -> list[Finding]:
    """The finding of every rule about the stores as they are.

    Args:
        stores: The open stores, read as the analyst.
        as_of: The moment ages are measured from.
        tables: Suites to check: table names, or `cross_store`; all when left out.
        suites_in: Folder of the suite files.

    Returns:
        One finding per rule, in the order of `schemas.TABLES` and of the suite files. A table that cannot be
        loaded as what it is declared to be is a finding with outcome `error`, as is every rule that needed it.

    Raises:
        SuiteError: a suite is absent or broken.
        UsageError: there is no such table.
        StoreError: a store refused us or went away.
        ExpectationFailed: the checking process itself failed.
    """
    suite_names = suites.names(tables)
    also_needed = [other for name in suite_names for other in NEEDED_WITH.get(name, ())]
    needed = list(TABLES) if CROSS_STORE in suite_names else list(dict.fromkeys([*suite_names, *also_needed]))
    in_place = [name for name in suite_names if name in TABLES and STORES[TABLES[name].store].sql]
    with tempfile.TemporaryDirectory(prefix="ys-live-") as folder:
        files, not_loaded = _load(stores, [TABLES[name] for name in needed], Path(folder))
        sql_findings = _in_place(stores, in_place, suites_in)
        frame_findings = worker_process.ask(
            {
                "kind": "frozen",
                "tables": [name for name in suite_names if name in files or name == CROSS_STORE],
                "in_place": in_place,
                "files": {name: str(path) for name, path in files.items()},
                "as_of": as_of.isoformat(),
                "frozen_at": as_of.isoformat(),
                "suites": str(suites_in),
            }
        )
        has_keys = any(finding.affects for finding in (*sql_findings, *frame_findings))
        missing = [TABLES[name] for name in NEEDED_TABLES if has_keys and name not in needed]
        all_files = files | (_load(stores, missing, Path(folder))[0] if missing else {})
        dependents = Dependents.of(all_files)
        by_suite: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in (*not_loaded, *(dependents.resolve(finding) for finding in (*sql_findings, *frame_findings))):
            by_suite[finding.suite].append(finding)
    return [finding for name in suite_names for finding in by_suite[name]]


def _load(stores: Stores, tables: Sequence[Table], folder: Path) -> tuple[dict[str, Path], list[Finding]]:
    """Each table as a Parquet file, and what could not be loaded as what it is declared to be."""
    files: dict[str, Path] = {}
    not_loaded: list[Finding] = []
    with ExitStack() as moments:
        for store in {table.store: None for table in tables}:
            moments.enter_context(stores.reader(store).snapshot())
        for table in tables:
            if not table.schema:
                continue  # secret: counted, never read
            try:
                path = folder / f"{table.name}.parquet"
                parquet.write(path, frames.batches(stores, table.name), schema=table.schema)
                files[table.name] = path
            except ContractError as error:
                not_loaded.append(_not_loaded_finding(table, error))
    return files, not_loaded


def _not_loaded_finding(table: Table, error: ContractError) -> Finding:
    return Finding(
        suite=table.name,
        rule=LOADS_AS_DECLARED,
        severity="critical",
        outcome="error",
        notes="A table that differs from its declared schema cannot be loaded, so no figure is computed from it.",
        observed=str(error),
        rows=-1,
        portfolios=[] if table.affects == () else None,
    )


def _in_place(stores: Stores, names: Sequence[str], suites_in: Path) -> list[Finding]:
    """The findings of single-row rules, checked by the engine that holds the rows."""
    findings: list[Finding] = []
    for store in (store for store, traits in STORES.items() if traits.sql):
        in_store = [name for name in names if TABLES[name].store == store]
        if not in_store:
            continue
        engine = _ENGINE_ADDRESS[store](stores.opened(store))
        job = {
            "kind": "live",
            "tables": in_store,
            "dialect": store,
            "queries": {name: select(TABLES[name]) for name in in_store},
            "suites": str(suites_in),
            **engine,
        }
        # A folder belongs to the process that opened it, and that is this one.
        findings += worker_process.ask_here(job) if engine.get("folder") else worker_process.ask(job)
    return findings


def select(table: Table) -> str:
    """The visible columns in place, in types both engines compare alike: ids, enums and JSON as text.

    >>> select(TABLES["redis_risk_liquidation"])
    'SELECT "portfolio_id", "risk", "ttl_ms" FROM redis_risk_liquidation'
    """
    columns = [_comparable_column(table, name, dtype) for name, dtype in table.schema.items()]
    return f"SELECT {', '.join(columns)} FROM {table.name}"  # noqa: S608 - names of our own schema


def _comparable_column(table: Table, name: str, dtype: pl.DataType) -> str:
    native = next(column.native_type for column in table.columns if column.name == name)
    if isinstance(dtype, pl.String | pl.Enum) and STORES[table.store].sql:
        return dialect(table.store).comparable_text(f'"{name}"')
    if native.startswith("Map("):
        return f'CAST("{name}", \'Array(Tuple{native.removeprefix("Map")})\') AS "{name}"'
    return f'"{name}"'


def _postgres(store: "Postgres") -> Mapping[str, object]:
    """The address of PostgreSQL for the worker, as libpq's keywords."""
    from ys_analytics.stores.postgres.url import keywords

    options = keywords(store.reads_conninfo, store.address.tls)
    return {"driver": "postgresql+psycopg", "parts": options | {"client_encoding": "UTF8"}}


def _clickhouse(store: "ClickHouse") -> Mapping[str, object]:
    """Where ClickHouse is found: a folder, or a server and the settings under which it leaves no row out."""
    address = store.address
    if address.folder is not None:
        folder = str(address.folder)
        return {"driver": "clickhousedb", "folder": folder, "parts": {"interface": "chdb", "path": folder}}
    from ys_analytics.stores.clickhouse.client import Server

    server = Server.read(address)
    login = {
        "username": server.user,
        "password": server.password,
        "host": server.host,
        "port": server.port,
        "database": server.database or "default",
    }
    tls = server.tls
    parts = (
        {}
        if tls is None
        else {
            "secure": "true",
            "verify": str(tls.verify != "none").lower(),
            "ca_cert": tls.ca,
            "client_cert": tls.cert,
            "client_cert_key": tls.key,
        }
    )
    parts |= {f"ch_{name}": value for name, value in store.complete_settings().items()}
    return {"driver": "clickhousedb", "server": login, "parts": {name: value for name, value in parts.items() if value}}


# Where the engine of a store that checks in place is found, by another process or by this one.
_ENGINE_ADDRESS: Mapping[Store, Callable[[Any], Mapping[str, object]]] = {
    "postgres": _postgres,
    "clickhouse": _clickhouse,
}
