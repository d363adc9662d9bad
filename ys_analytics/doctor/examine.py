"""Ask every store about itself, each on its own so that one that is down hides no other; then compare their ids."""

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module

from ys_analytics.doctor import cross_store, replica
from ys_analytics.doctor.answer import Answer
from ys_analytics.errors import YsError
from ys_analytics.frames import drift
from ys_analytics.local import open_stores, probe
from ys_analytics.schemas import STORES, Store, tables_of
from ys_analytics.settings import Settings
from ys_analytics.stores import Stores


def examine(settings: Settings, *, as_of: datetime) -> list[Answer]:
    """Ask every store about itself, as the analyst, and compare their ids.

    Args:
        settings: Where the stores are.
        as_of: The moment from which ages are counted.

    Returns:
        Answers store by store; all is well when every one is `well`. A store that cannot be opened, or a
        question it refuses, is an answer too, never an error.
    """
    answers: list[Answer] = []
    store_ids = cross_store.StoreIds()
    # The replica is examined by itself, so that neither hides the other.
    primary = settings.model_copy(update={"postgres_replica_url": None})
    for store in STORES:
        # Questions to the open store are in the module of its name.
        examine_open = import_module(f"ys_analytics.doctor.{store}").examine
        try:
            with open_stores(primary, only=(store,), role="analyst", purpose="ys doctor") as stores:
                answers += _status(stores)
                answers += _schema(store, stores)
                answers += examine_open(stores, as_of)
                store_ids.collect(store, stores)
        except YsError as error:
            answers.append(Answer(store, "answers", str(error), ok=False))
        if store == replica.STORE:
            answers += replica.examine(settings)
    return answers + store_ids.compare()


def _status(stores: Stores) -> Iterator[Answer]:
    for status in probe(stores):
        latency = "" if status.latency_ms is None else f", answers in {status.latency_ms:g} ms"
        yield Answer(status.store, "address", f"{status.address} ({status.mode})", ok=status.running)
        yield Answer(status.store, "version", f"{status.version}{latency}", ok=status.running)
        if status.role:
            yield Answer(status.store, "role", status.role)


def _schema(store: Store, stores: Stores) -> Iterator[Answer]:
    """Whether every table is as `schemas` declares it; Redis and Qdrant have modules of their own for that."""
    if not STORES[store].sql:
        return
    tables = tables_of(store)
    differences = [f"{table.name}: {difference}" for table in tables for difference in drift(stores, table)]
    for difference in differences:
        yield Answer(store, "schema", f"{difference}; see `ys migrate status`", ok=False)
    if not differences:
        yield Answer(store, "schema", f"as declared: {len(tables)} tables and views")
