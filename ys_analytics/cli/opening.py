"""How a command opens the stores: as the analyst to read, as the owner to write."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ys_analytics.stores import Stores

ALL = ("postgres", "clickhouse", "redis", "qdrant")


@contextmanager
def analyst(purpose: str, *, only: Collection[str] = ALL) -> Iterator[Stores]:
    """The stores for reading; `purpose` is what another process is told it waits for."""
    from ys_analytics.local import open_stores
    from ys_analytics.settings import load_settings

    with open_stores(load_settings(), only=only, role="analyst", purpose=purpose) as stores:
        yield stores


@contextmanager
def owner(purpose: str, *, only: Collection[str] = ALL) -> Iterator[Stores]:
    """The stores for writing: migrations, the demo, imports."""
    from ys_analytics.local import open_stores
    from ys_analytics.settings import load_settings

    with open_stores(load_settings(), only=only, role="owner", purpose=purpose) as stores:
        yield stores
