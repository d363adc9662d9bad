"""Open the stores for a command: as the analyst to read, as the owner to write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from ys_analytics.schemas import Store
from ys_analytics.stores import Stores

ALL: tuple[Store, ...] = get_args(Store)


@contextmanager
def analyst(purpose: str, *, only: Sequence[Store] = ALL) -> Iterator[Stores]:
    """The stores for reading; `purpose` is what another process is shown while it waits."""
    from ys_analytics.local import open_stores
    from ys_analytics.settings import load_settings

    with open_stores(load_settings(), only=only, role="analyst", purpose=purpose) as stores:
        yield stores


@contextmanager
def owner(purpose: str, *, only: Sequence[Store] = ALL) -> Iterator[Stores]:
    """The stores for writing: migrations, the demo, imports."""
    from ys_analytics.local import open_stores
    from ys_analytics.settings import load_settings

    with open_stores(load_settings(), only=only, role="owner", purpose=purpose) as stores:
        yield stores
