"""Sessions, permissions and rate limits of users.

Depends on the columns of this package; opens no Redis.
"""

import polars as pl

from ys_analytics.schemas.redis.columns import SECRET, TTL, text_column
from ys_analytics.schemas.rules import TEXT, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import Column, KeyFamily

FAMILIES = (
    KeyFamily(
        name="redis_session_user",
        store="redis",
        pattern="session:user:{session_token}",
        kind="string",
        ttl=86400,
        key=(),
        secret=True,
        meaning="Live sessions.",
        affects=(),
        columns=(SECRET,),
    ),
    KeyFamily(
        name="redis_session_perms",
        store="redis",
        pattern="session:perms:{user_id}",
        kind="string",
        ttl=86400,
        key=(),
        secret=True,
        meaning="Cached permissions.",
        affects=(),
        columns=(SECRET,),
    ),
    KeyFamily(
        name="redis_rate_limit",
        store="redis",
        pattern="rate:limit:{user_id}:{endpoint}",
        kind="string",
        ttl=900,
        key=("user_id", "endpoint"),
        meaning="Calls each user made lately.",
        affects=(),
        holds="A rate-limit counter",
        unique=Unique("warning", "Two counters for one user and endpoint let through twice as many calls."),
        required=Required("warning", "A counter without its user, endpoint or count limits no calls."),
        columns=(
            text_column(
                "user_id",
                "Which user.",
                Formatted(UUID, "warning", "Calls counted under a malformed user id count towards no user's limit."),
                Refers(
                    "users.id", "warning", "Calls are counted for an unknown user, so no user's limit applies to them."
                ),
            ),
            text_column(
                "endpoint",
                "Which endpoint.",
                Formatted(
                    TEXT, "warning", "Calls counted under a blank endpoint name count towards no endpoint's limit."
                ),
            ),
            Column(
                name="calls",
                dtype=pl.Int64(),
                native_type="integer text",
                meaning="How many calls.",
                rules=(
                    Bounded(
                        "warning",
                        "A negative or overflowed call counter lets every call through.",
                        at_least=0,
                        at_most=1_000_000_000,
                    ),
                ),
            ),
            TTL,
        ),
    ),
)
