"""The lowest version of each server the kit works with, and the refusal of an older one.

Depends on nothing. Does not ask a server. This is the one place that states the versions: the documentation prints
them from here.
"""

import re
from collections.abc import Sequence

from ys_analytics.errors import StoreError

# PostgreSQL 15: NULLS NOT DISTINCT in an index. ClickHouse 25.3: the settings that bound a stream's memory. Redis 7.0:
# what an ACL user may do is written for its categories. Valkey 7.2: its first. Qdrant 1.16: what its client speaks.
LOWEST: dict[str, tuple[int, ...]] = {
    "PostgreSQL": (15,),
    "ClickHouse": (25, 3),
    "Redis": (7, 0),
    "Valkey": (7, 2),
    "Qdrant": (1, 16),
}


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
