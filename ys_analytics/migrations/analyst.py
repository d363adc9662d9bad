"""The role that analysts read as: whether it can be made, its rights, and its first password.

Depends on the form PostgreSQL keeps passwords in (SCRAM-SHA-256), so that the password itself is in no statement and no
server log. Does not alter a role of another maker. The role and its rights are in 0021_grant_analyst.sql.
"""

import hmac
import secrets
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import pbkdf2_hmac, sha256
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ys_analytics.errors import MigrationError
from ys_analytics.migrations.files import MigrationFile
from ys_analytics.migrations.postgres_ledger import ROLE_SETTING, PostgresLedger
from ys_analytics.migrations.step import Applied

if TYPE_CHECKING:
    from ys_analytics.stores.postgres import Postgres

# PostgreSQL's own number.
_SCRAM_ITERATIONS = 4096

# What 0021 writes at a role it makes, by which we know our own.
_ROLE_COMMENT = "Reads what an analyst may see; writes nothing."

_EXISTS = "SELECT FROM pg_catalog.pg_roles WHERE rolname = %(role)s"
_MAY_MAKE = "SELECT rolsuper OR rolcreaterole, rolname::text FROM pg_catalog.pg_roles WHERE rolname = current_user"
_MAY_COMPARE = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
_STORED = """
    SELECT coalesce(rolpassword, ''), coalesce(shobj_description(oid, 'pg_authid'), '')
    FROM pg_catalog.pg_authid WHERE rolname = %(role)s
"""
_MAY_READ = """
    SELECT has_schema_privilege(%(role)s, current_schema(), 'USAGE')
        AND bool_and(has_column_privilege(%(role)s, pg_class.oid, 'id', 'SELECT'))
    FROM pg_catalog.pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace
        AND relname IN ('users', 'portfolios', 'transactions', 'assets')
"""


def role_sql(role: str) -> tuple[str, ...]:
    """The statements that make the role, for a user who may make roles.

    >>> role_sql("ys_analyst")[0]
    'CREATE ROLE "ys_analyst" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION'
    """
    name = quoted(role)
    return (
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION",
        f"ALTER ROLE {name} SET default_transaction_read_only = on",
        f"ALTER ROLE {name} SET statement_timeout = '120s'",
    )


def quoted(name: str) -> str:
    """A name as SQL reads it, with any character in it."""
    return '"' + name.replace('"', '""') + '"'


def require_role(postgres: "Postgres", role: str) -> bool:
    """Raise where the role is absent and we may not make it.

    Returns:
        Whether the role is absent, so that the migrations make it.

    Raises:
        MigrationError: it is absent and our user has no CREATEROLE; the line says what a DBA must run.
        StoreError: PostgreSQL refused.
    """
    with postgres.transaction():
        if postgres.rows(_EXISTS, {"role": role}):
            return False
        [(may_create, user)] = postgres.rows(_MAY_MAKE)
    if not may_create:
        raise MigrationError(
            f"postgres: there is no role {role} and {user} may not make one; have a DBA run what `ys migrate sql` "
            f"prints: {role_sql(role)[0]}"
        )
    return True


def granting_files(files: Sequence[MigrationFile]) -> list[MigrationFile]:
    """The files that make the role and grant it its rights, which may run again: those that read its name."""
    return [file for file in files if ROLE_SETTING in file.statements]


def grant_again(ledger: PostgresLedger, files: Sequence[MigrationFile]) -> list[Applied]:
    """Grant the role its rights where it lacks them: one that was made, or named, after the migrations ran.

    Raises:
        StoreError: PostgreSQL refused.
    """
    granting = granting_files(files)
    with ledger.exclusive():
        applied = {row.version for row in ledger.rows()}
        if not granting or not applied.issuperset(file.version for file in granting):
            return []
        if ledger.postgres.rows(_EXISTS, {"role": ledger.analyst_role}):
            [(may_read,)] = ledger.postgres.rows(_MAY_READ, {"role": ledger.analyst_role})
            if may_read:
                return []
        for file in granting:
            ledger.postgres.run(file.up)
    return [Applied(store="postgres", version=ledger.analyst_role, description="granted what an analyst may read")]


def apply_password(postgres: "Postgres", role: str, password: SecretStr | None, *, new: bool) -> list[Applied]:
    """Set the password of the settings on a role of ours that has none yet.

    A role that exists may serve another database, or be a DBA's: its password is never replaced.

    Args:
        postgres: Opened as the owner.
        role: Its name.
        password: From the settings; None does nothing.
        new: Whether the migrations made the role just now.

    Raises:
        StoreError: PostgreSQL refused.
    """
    if password is None:
        return []
    with postgres.transaction():
        if not new:
            if not postgres.rows(_MAY_COMPARE)[0][0]:
                return []
            [(stored, comment)] = postgres.rows(_STORED, {"role": role})
            if stored or comment != _ROLE_COMMENT:
                return []
        verifier = _verifier(password.get_secret_value(), secrets.token_bytes(16))
        postgres.run(f"ALTER ROLE {quoted(role).replace('%', '%%')} PASSWORD %(verifier)s", {"verifier": verifier})
    return [Applied(store="postgres", version=role, description="password set")]


def matches(password: str, stored: str) -> bool:
    """Whether a stored verifier was made from this password."""
    kind, _, rest = stored.partition("$")
    rounds, _, salt_and_keys = rest.partition(":")
    if kind != "SCRAM-SHA-256" or rounds != str(_SCRAM_ITERATIONS):
        return False
    salt = b64decode(salt_and_keys.partition("$")[0])
    return hmac.compare_digest(stored, _verifier(password, salt))


def _verifier(password: str, salt: bytes) -> str:
    """The SCRAM verifier that PostgreSQL stores of a password (RFC 5803).

    >>> _verifier("pencil", bytes(16))
    'SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$...:...='
    """
    salted = pbkdf2_hmac("sha256", unicodedata.normalize("NFKC", password).encode(), salt, _SCRAM_ITERATIONS)
    stored_key = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{salt_text}${stored_text}:{server_text}"
