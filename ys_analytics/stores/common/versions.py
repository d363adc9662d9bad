"""The refusal of a server older than the lowest version the kit works with.

Depends on the traits of the stores, which state the versions. Does not ask a server.
"""

import re
from collections.abc import Sequence

from ys_analytics.errors import StoreError
from ys_analytics.schemas import STORES

# By the name that a server gives its engine.
LOWEST = {engine: version for traits in STORES.values() for engine, version in traits.lowest.items()}


def require(engine: str, version: str) -> None:
    """Refuse a server that is too old.

    Args:
        engine: A key of `LOWEST`.
        version: As the server says it; what does not begin with numbers passes.

    Raises:
        StoreError: it is older.

    >>> require("Redis", "7.0.15")
    >>> require("Redis", "6.2.14")
    Traceback (most recent call last):
    ys_analytics.errors.StoreError: Redis 6.2.14 is older than 7.0, the lowest version the kit works with; upgrade it
    """
    numbers = tuple(int(number) for number in re.findall(r"\d+", version.partition("-")[0])[:3])
    lowest = LOWEST[engine]
    if numbers and numbers < lowest:
        raise StoreError(
            f"{engine} {version} is older than {version_text(lowest)}, the lowest version the kit works with; "
            "upgrade it"
        )


def version_text(version: Sequence[int]) -> str:
    """A version as people write it.

    >>> version_text((25, 3))
    '25.3'
    """
    return ".".join(map(str, version))
