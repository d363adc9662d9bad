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

_USERS_SINCE = Bounded("warning", "A user dated before 2009 makes cohorts by account age wrong.", at_least=GENESIS)

USERS = Table(
    name="users",
    store="postgres",
    key=("id",),
    meaning="Who owns portfolios; known here by id, type and KYC status alone.",
    affects=("id", "user"),
    unique=Unique("critical", "A duplicated user doubles every portfolio joined to it."),
    required=Required(
        "critical", "Users without a type or KYC status cannot be separated, so a report may reach the wrong recipient."
    ),
    columns=(
        id_column(
            "id",
            "The user.",
            Formatted(UUID, "critical", "A user whose id is not a UUID in lower case matches no portfolio."),
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
            OneOf("critical", "Users with an unknown type are missing from every breakdown of clients."),
        ),
        enum_column(
            "kyc_status",
            "kyc_status_enum",
            "How far identity is verified.",
            OneOf("critical", "A user with an unknown KYC status may be treated as verified."),
        ),
        time_column("created_at", "When the account was made.", _USERS_SINCE),
        time_column("updated_at", "When the account last changed.", _USERS_SINCE),
        time_column("last_login_at", "When the user last logged in.", _USERS_SINCE),
        flag_column(
            "is_active",
            "Whether the account is in use.",
            Required("warning", "An account without an active flag may be counted as open or as closed."),
        ),
        json_column("settings", "The user's own settings.", nullable=True, secret=True),
    ),
)

_USER_API_KEYS_ID = Formatted(
    UUID, "warning", "An API key with a malformed id or user id cannot be revoked when its owner leaves."
)

_USER_API_KEYS_MISSING = Required("warning", "An API key without an owner, status or permissions may allow everything.")

_USER_API_KEYS_SINCE = Bounded(
    "warning",
    "An API key with a date before 2009 was written with a wrong clock, so its expiry cannot be trusted and it may "
    "still be valid.",
    at_least=GENESIS,
)

USER_API_KEYS = Table(
    name="user_api_keys",
    store="postgres",
    key=("id",),
    meaning="Programmatic access a user granted; the key itself is never read.",
    affects=(),
    unique=Unique("warning", "A duplicated API key stays usable after one copy is revoked."),
    required=_USER_API_KEYS_MISSING,
    columns=(
        id_column("id", "The grant.", _USER_API_KEYS_ID),
        id_column(
            "user_id",
            "Whose grant.",
            _USER_API_KEYS_ID,
            Refers("users.id", "warning", "An API key of an unknown user is not revoked when its owner is removed."),
        ),
        text_column("key_hash", "Hash of the key.", size=255, secret=True),
        text_column("name", "What the user called it.", size=100, secret=True),
        json_column(
            "permissions",
            "What the key may do.",
            Formatted(JSON, "warning", "Permissions that are not valid JSON restrict nothing."),
        ),
        flag_column("is_active", "Whether the key is in use.", _USER_API_KEYS_MISSING),
        time_column("expires_at", "When it ends; none if it does not.", _USER_API_KEYS_SINCE),
        time_column("last_used_at", "When it was last used.", _USER_API_KEYS_SINCE),
        time_column("created_at", "When it was granted.", _USER_API_KEYS_SINCE),
    ),
)

_USER_SESSIONS_ID = Formatted(
    UUID, "warning", "A session with a malformed id or user id cannot be ended with the user's account."
)

_USER_SESSIONS_SINCE = Bounded(
    "warning", "A session dated before 2009 makes weekly visit counts wrong.", at_least=GENESIS
)

USER_SESSIONS = Table(
    name="user_sessions",
    store="postgres",
    key=("id",),
    meaning="Logins; only their number and expiry are read.",
    affects=(),
    unique=Unique("warning", "A duplicated session counts one visitor twice."),
    required=Required("warning", "A session without an owner or expiry stays open for anyone who holds its token."),
    columns=(
        id_column("id", "The session.", _USER_SESSIONS_ID),
        id_column(
            "user_id",
            "Whose session.",
            _USER_SESSIONS_ID,
            Refers("users.id", "warning", "A session of an unknown user cannot be ended with the user's account."),
        ),
        text_column("session_token", "The bearer's token.", size=255, secret=True),
        Column(
            name="ip_address", dtype=pl.String(), native_type="inet", meaning="Where from.", nullable=True, secret=True
        ),
        text_column("user_agent", "With which program.", nullable=True, secret=True),
        time_column("expires_at", "When it ends.", _USER_SESSIONS_SINCE, nullable=False),
        time_column("created_at", "When it began.", _USER_SESSIONS_SINCE),
    ),
)
