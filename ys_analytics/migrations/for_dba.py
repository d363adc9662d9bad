"""SQL for a DBA to run before the first `ys migrate up` of an owner who may make neither roles nor databases.

Depends on the settings alone. Does not connect, and prints no password.
"""

from ys_analytics.errors import SettingsError
from ys_analytics.migrations.analyst import quoted, role_sql
from ys_analytics.settings import Settings
from ys_analytics.stores.common.tls import DEFAULT_TLS
from ys_analytics.stores.postgres.url import keywords


def dba_sql(settings: Settings) -> str:
    """The statements, for a superuser: the owner, the analyst's role, the database and who may connect.

    Each may be left out where it was run before. They run one by one outside a transaction, as psql does it.

    Raises:
        SettingsError: YS_POSTGRES_URL is empty or does not name an owner and a database.
    """
    url = settings.postgres_url
    parts = keywords(url.get_secret_value(), DEFAULT_TLS) if url is not None else {}
    owner, database = parts.get("user"), parts.get("dbname")
    if not owner or not database:
        raise SettingsError("YS_POSTGRES_URL: name the owner and the database: postgresql://owner@host:port/database")
    analyst = settings.analyst_role
    lines = [
        f"-- For PostgreSQL at {parts.get('host', 'this machine')}: run it as a superuser, such as with",
        "-- psql -d postgres; leave out what exists already. Then set the two passwords:",
        f"-- \\password {quoted(owner)}   (the one in YS_POSTGRES_URL)",
        f"-- \\password {quoted(analyst)}   (the one in YS_ANALYST_PASSWORD)",
        f"CREATE ROLE {quoted(owner)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;",
        *(f"{statement};" for statement in role_sql(analyst)),
        f"CREATE DATABASE {quoted(database)} OWNER {quoted(owner)} ENCODING 'UTF8' TEMPLATE template0;",
        f"REVOKE CONNECT ON DATABASE {quoted(database)} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(owner)}, {quoted(analyst)};",
    ]
    return "\n".join(lines) + "\n"
