"""Users, their API keys and sessions.

Depends on the columns of this package; holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.postgres.columns import (
    enum_column,
    flag_column,
    id_column,
    json_column,
    text_column,
    time_column,
)
from ys_analytics.schemas.rules import GENESIS, JSON, UUID, Bounded, Formatted, OneOf, Refers, Required, Unique
from ys_analytics.schemas.table import Column, Table

_USERS_SINCE = Bounded(
    "warning", "Cohorts by age are wrong when an account is older than money on a chain.", at_least=GENESIS
)

USERS = Table(
    name="users",
    store="postgres",
    key=("id",),
    meaning="Who owns portfolios; known here by id, type and KYC status alone.",
    affects=("id", "user"),
    unique=Unique("critical", "One user shown as two owns every portfolio twice."),
    required=Required(
        "critical", "Clients cannot be told apart by kind or standing, so a report may reach one it must not."
    ),
    columns=(
        id_column(
            "id", "The user.", Formatted(UUID, "critical", "An owner who is not spelt as a UUID joins to no portfolio.")
        ),
        text_column("email", "Address of the user.", size=255, secret=True),
        text_column("username", "Login of the user.", size=100, secret=True),
        text_column("password_hash", "Hash of the password.", size=255, secret=True),
        text_column("first_name", "Given name.", size=100, nullable=True, secret=True),
        text_column("last_name", "Family name.", size=100, nullable=True, secret=True),
        enum_column(
            "user_type",
            "user_type_enum",
            "What kind of client.",
            OneOf("critical", "A kind of client nobody knows falls out of every breakdown."),
        ),
        enum_column(
            "kyc_status",
            "kyc_status_enum",
            "How far identity is verified.",
            OneOf("critical", "A standing nobody knows is treated as verified somewhere."),
        ),
        time_column("created_at", "When the account was made.", _USERS_SINCE),
        time_column("updated_at", "When the account last changed.", _USERS_SINCE),
        time_column("last_login_at", "When the user last logged in.", _USERS_SINCE),
        flag_column(
            "is_active",
            "Whether the account is in use.",
            Required("warning", "An account neither open nor closed is counted as either."),
        ),
        json_column("settings", "The user's own settings.", nullable=True, secret=True),
    ),
)

_USER_API_KEYS_ID = Formatted(UUID, "warning", "A grant that names nobody cannot be revoked when its owner leaves.")

_USER_API_KEYS_MISSING = Required("warning", "A grant without an owner or limits is a grant of everything.")

_USER_API_KEYS_SINCE = Bounded(
    "warning", "Access that ended in 1970 was never meant to, and may not have ended at all.", at_least=GENESIS
)

USER_API_KEYS = Table(
    name="user_api_keys",
    store="postgres",
    key=("id",),
    meaning="Programmatic access a user granted; the key itself is never read.",
    affects=(),
    unique=Unique("warning", "A grant listed twice is revoked once and stays open."),
    required=_USER_API_KEYS_MISSING,
    columns=(
        id_column("id", "The grant.", _USER_API_KEYS_ID),
        id_column(
            "user_id",
            "Whose grant.",
            _USER_API_KEYS_ID,
            Refers("users.id", "warning", "Access of nobody cannot be taken back."),
        ),
        text_column("key_hash", "Hash of the key.", size=255, secret=True),
        text_column("name", "What the user called it.", size=100, secret=True),
        json_column(
            "permissions",
            "What the key may do.",
            Formatted(JSON, "warning", "Limits that cannot be read limit nothing."),
        ),
        flag_column("is_active", "Whether the key is in use.", _USER_API_KEYS_MISSING),
        time_column("expires_at", "When it ends; none if it does not.", _USER_API_KEYS_SINCE),
        time_column("last_used_at", "When it was last used.", _USER_API_KEYS_SINCE),
        time_column("created_at", "When it was granted.", _USER_API_KEYS_SINCE),
    ),
)

_USER_SESSIONS_ID = Formatted(UUID, "warning", "A session that names nobody cannot be ended for anybody.")

_USER_SESSIONS_SINCE = Bounded(
    "warning", "Counts of visits by week are wrong when a session begins in 1970.", at_least=GENESIS
)

USER_SESSIONS = Table(
    name="user_sessions",
    store="postgres",
    key=("id",),
    meaning="Logins; only their number and lifetime are read.",
    affects=(),
    unique=Unique("warning", "A session listed twice makes one visitor two."),
    required=Required("warning", "A session without an owner or an end stays open for whoever holds it."),
    columns=(
        id_column("id", "The session.", _USER_SESSIONS_ID),
        id_column(
            "user_id",
            "Whose session.",
            _USER_SESSIONS_ID,
            Refers("users.id", "warning", "A session of nobody cannot be ended."),
        ),
        text_column("session_token", "The bearer's token.", size=255, secret=True),
        Column(name="ip_address", dtype=pl.String(), native="inet", meaning="Where from.", nullable=True, secret=True),
        text_column("user_agent", "With which program.", nullable=True, secret=True),
        time_column("expires_at", "When it ends.", _USER_SESSIONS_SINCE, nullable=False),
        time_column("created_at", "When it began.", _USER_SESSIONS_SINCE),
    ),
)
