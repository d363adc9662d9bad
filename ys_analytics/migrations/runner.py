"""Run migrations: up, down, status, and the version that a report prints.

Knows the order of the stores and who waits for whom; what a migration does is in its file, how it is
remembered in the ledgers.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from ys_analytics.errors import ContractError, MigrationError, StoreError
from ys_analytics.migrations import analyst, collections, families, retention
from ys_analytics.migrations.clickhouse_ledger import ClickHouseLedger
from ys_analytics.migrations.cluster import check_cluster, cluster_of
from ys_analytics.migrations.drift import find_drift
from ys_analytics.migrations.files import FOLDER, MigrationFile, file_name, read_files
from ys_analytics.migrations.ledger import Ledger, compare, refuse_conflicts
from ys_analytics.migrations.lock_retry import retry_on_lock
from ys_analytics.migrations.postgres_ledger import PostgresLedger
from ys_analytics.migrations.step import Applied, Step
from ys_analytics.migrations.target import Target
from ys_analytics.schemas import STORES
from ys_analytics.settings import Settings, load_settings

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The version of a database nothing was done to.
EMPTY = "0000"

_Exclusive = Callable[[], AbstractContextManager[None]]


def up(
    stores: "Stores", *, to: str | None = None, settings: Settings | None = None, folder: Path = FOLDER
) -> list[Applied]:
    """Apply what is missing, in order, and say what it was; nothing missing is an empty list.

    Each PostgreSQL file shares one transaction with its ledger row. Runners that start at once take turns
    file by file, so together they apply each file once.

    Args:
        stores: Opened as the owner; a store that is not opened is left alone.
        to: Where to stop: `0010` or `postgres:0010` moves PostgreSQL alone, `clickhouse:0005` ClickHouse
            alone; None brings everything to its newest.
        settings: Retention and the analyst's password; the environment's when None.
        folder: Holds a folder of files for each database.

    Raises:
        MigrationError: a file was edited, renamed, removed or comes late; a file was refused (nothing of it is
            kept in PostgreSQL); a collection has another size or distance; ClickHouse was made for another cluster.
        StoreError: a store went away.
        SettingsError: the retention names a table that is not there.
        UsageError: `to` names no migration.
    """
    settings = settings if settings is not None else load_settings()
    target = Target.read(to)
    applied: list[Applied] = []
    if stores.opened_clickhouse is not None:
        check_cluster(stores.clickhouse, settings.clickhouse_cluster)
    role, new = settings.analyst_role, False
    if stores.opened_postgres is not None and target.includes("postgres"):
        new = analyst.require_role(stores.postgres, role)
    for ledger, exclusive in _ledgers(stores, target, settings):
        files = read_files(folder / ledger.store)
        target.check([file.version for file in files])
        applied += _apply_pending(ledger, exclusive, files, target.version)
    if target.store is not None:
        return applied
    if stores.opened_postgres is not None:
        applied += analyst.grant_again(PostgresLedger(stores.postgres, role), read_files(folder / "postgres"))
        applied += analyst.apply_password(stores.postgres, role, settings.analyst_password, new=new)
    if stores.opened_clickhouse is not None:
        applied += retention.apply_retention(stores.clickhouse, settings.retention_days)
    if stores.opened_qdrant is not None:
        applied += collections.make_collections(stores.qdrant)
    return applied


def down(stores: "Stores", *, to: str | None = None, settings: Settings | None = None) -> list[Applied]:
    """Undo migrations, newest first, with the rollback each ledger row holds, and say which.

    The files are not read: what undoes a migration is what its file said when it was applied. Data goes with
    the tables and collections it was in; Redis holds only caches and is left alone.

    Args:
        stores: Opened as the owner; a store that is not opened is left alone.
        to: The version to return to, as in `up`; None undoes everything.
        settings: The analyst's role; the environment's when None.

    Raises:
        MigrationError: a rollback was refused; nothing of it is kept in PostgreSQL.
        StoreError: a store went away.
        UsageError: `to` names no migration that was applied.
    """
    target = Target.read(to)
    undone: list[Applied] = []
    if target.store is None and stores.opened_qdrant is not None:
        undone += collections.drop_collections(stores.qdrant)
    for ledger, exclusive in reversed(_ledgers(stores, target, settings if settings is not None else load_settings())):
        undone += _undo_to_target(ledger, exclusive, target)
    return undone


def status(stores: "Stores", *, settings: Settings | None = None, folder: Path = FOLDER) -> list[Step]:
    """The state of every migration, collection and key family, and whether what was applied is still there.

    Args:
        stores: A store that is not opened is left out.
        settings: Retention that should hold; the environment's when None.
        folder: Holds a folder of files for each database.

    Raises:
        StoreError: a store refused us or went away.
        MigrationError: the files themselves are misnumbered, or the ledger is another program's.
    """
    settings = settings if settings is not None else load_settings()
    steps: list[Step] = []
    for ledger, _ in _ledgers(stores, Target()):
        files = read_files(folder / ledger.store)
        with _on_primary(stores, ledger):
            steps += find_drift(compare(ledger.store, files, ledger.rows()), files, ledger)
    if stores.opened_clickhouse is not None:
        steps += retention.retention_status(stores.clickhouse, settings.retention_days)
    if stores.opened_redis is not None:
        steps += families.family_status()
    if stores.opened_qdrant is not None:
        steps += collections.collection_status(stores.qdrant)
    return steps


def schema_version(stores: "Stores") -> dict[str, str]:
    """The version of each opened store's schema, as a report prints it.

    Returns:
        For PostgreSQL and ClickHouse the newest applied migration ("0000" where none is), for Qdrant and Redis
        eight hex digits that change with what is there (Qdrant) or declared (Redis).

    Raises:
        StoreError: a store refused us or went away.
    """
    versions: dict[str, str] = {
        ledger.store: max((row.version for row in ledger.rows()), default=EMPTY)
        for ledger, _ in _ledgers(stores, Target())
    }
    if stores.opened_redis is not None:
        versions[families.STORE] = families.fingerprint()
    if stores.opened_qdrant is not None:
        versions[collections.STORE] = collections.fingerprint(stores.qdrant)
    return versions


def require_schema(stores: "Stores") -> None:
    """Refuse stores that nothing was migrated in, with the command that does.

    Raises:
        MigrationError: an opened database has no schema.
        StoreError: a store refused us or went away.
    """
    without_schema = [store for store, version in schema_version(stores).items() if version == EMPTY]
    if without_schema:
        verb = "has" if len(without_schema) == 1 else "have"
        raise MigrationError(f"{' and '.join(without_schema)} {verb} no schema yet; run: ys migrate up")


def _ledgers(stores: "Stores", target: Target, settings: Settings | None = None) -> list[tuple[Ledger, _Exclusive]]:
    """The ledgers that are to move, each with what lets one runner in at a time.

    A ClickHouse that has a ledger says itself over which cluster it is spread; `cluster` is for one that has none.

    ClickHouse has no lock of its own, so its runners wait at PostgreSQL's where that is open; the embedded one
    admits one process anyway, and every file may be repeated.
    """
    ledgers: list[tuple[Ledger, _Exclusive]] = []
    exclusive: _Exclusive = nullcontext
    if stores.opened_postgres is not None:
        postgres = PostgresLedger(stores.postgres, settings.analyst_role if settings is not None else "")
        exclusive = postgres.exclusive
        if target.includes("postgres"):
            ledgers.append((postgres, exclusive))
    if stores.opened_clickhouse is not None and target.includes("clickhouse"):
        cluster = settings.clickhouse_cluster if settings is not None else ""
        ledgers.append((ClickHouseLedger(stores.clickhouse, cluster_of(stores.clickhouse) or cluster), exclusive))
    return ledgers


def _apply_pending(
    ledger: Ledger, exclusive: _Exclusive, files: tuple[MigrationFile, ...], last: str | None
) -> Iterator[Applied]:
    """Apply one file at a time until none is left, with the lock taken for each."""
    while (applied := retry_on_lock(lambda: _apply_next(ledger, exclusive, files, last))) is not None:
        yield applied


def _apply_next(
    ledger: Ledger, exclusive: _Exclusive, files: tuple[MigrationFile, ...], last: str | None
) -> Applied | None:
    """Apply the next file; None where there is none. The ledger is read anew, for others may migrate too."""
    with exclusive():
        steps = compare(ledger.store, files, ledger.rows())
        refuse_conflicts(steps)
        pending = {step.version for step in steps if step.state == "pending"}
        file = next((file for file in files if file.version in pending), None)
        if file is None or (last is not None and file.version > last):
            return None
        with _name_file_in_errors(ledger, file.name):
            ledger.apply(file)
    return Applied(store=ledger.store, version=file.version, description=file.description)


def _undo_to_target(ledger: Ledger, exclusive: _Exclusive, target: Target) -> Iterator[Applied]:
    """Undo one row at a time until the target is reached, with the lock taken for each."""
    with exclusive():
        target.check([row.version for row in ledger.rows()] or [EMPTY])
    while (undone := retry_on_lock(lambda: _undo_last(ledger, exclusive, target.version or EMPTY))) is not None:
        yield undone


def _undo_last(ledger: Ledger, exclusive: _Exclusive, floor: str) -> Applied | None:
    """Undo the newest row; None where the floor is reached."""
    with exclusive():
        row = max(ledger.rows(), key=lambda row: row.version, default=None)
        if row is None or row.version <= floor:
            return None
        with _name_file_in_errors(ledger, file_name(row.version, row.description)):
            ledger.undo(row)
    return Applied(store=ledger.store, version=row.version, description=row.description)


@contextmanager
def _name_file_in_errors(ledger: Ledger, name: str) -> Iterator[None]:
    """Add the file's name to an error inside the block."""
    try:
        yield
    except (StoreError, ContractError) as error:
        kept = "nothing of it was kept" if STORES[ledger.store].transactions else "it may be repeated"
        raise MigrationError(f"{ledger.store}/{name} was refused, {kept}: {error}") from error


def _on_primary(stores: "Stores", ledger: Ledger) -> AbstractContextManager[None]:
    """A transaction on the primary, for a replica may be behind."""
    return stores.postgres.transaction() if STORES[ledger.store].transactions else nullcontext()
