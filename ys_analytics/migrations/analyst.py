"""The password of the role ys_analyst, on a server that asks for one.

Knows the form PostgreSQL keeps passwords in (SCRAM-SHA-256), so that the password itself is in no statement
and no server log. The role and its rights are in 0021_grant_analyst.sql.
"""

import hmac
import secrets
import unicodedata
from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac, sha256
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ys_analytics.migrations.step import Applied

if TYPE_CHECKING:
    from ys_analytics.stores.postgres import Postgres

# PostgreSQL's own number.
_ROUNDS = 4096

_MAY_COMPARE = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
_STORED = "SELECT coalesce(rolpassword, '') FROM pg_catalog.pg_authid WHERE rolname = 'ys_analyst'"


def apply_password(postgres: "Postgres", password: SecretStr | None) -> list[Applied]:
    """Give ys_analyst the password of the settings; nothing when there is none, or it is that already.

    A server that does not let us compare is told again, silently.

    Raises:
        StoreError: PostgreSQL refused.
    """
    if password is None:
        return []
    plain = password.get_secret_value()
    with postgres.transaction():
        may_compare = bool(postgres.rows(_MAY_COMPARE)[0][0])
        if may_compare and matches(plain, str(postgres.rows(_STORED)[0][0])):
            return []
        postgres.run(
            "ALTER ROLE ys_analyst PASSWORD %(verifier)s", {"verifier": _verifier(plain, secrets.token_bytes(16))}
        )
    change = Applied(store="postgres", version="ys_analyst", description="password set")
    return [change] if may_compare else []


def matches(password: str, stored: str) -> bool:
    """Whether a stored verifier was made from this password."""
    kind, _, rest = stored.partition("$")
    rounds, _, salt_and_keys = rest.partition(":")
    if kind != "SCRAM-SHA-256" or rounds != str(_ROUNDS):
        return False
    salt = b64decode(salt_and_keys.partition("$")[0])
    return hmac.compare_digest(stored, _verifier(password, salt))


def _verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), by which it can check it but not learn it.

    >>> _verifier("pencil", bytes(16))
    'SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$...:...='
    """
    salted = pbkdf2_hmac("sha256", unicodedata.normalize("NFKC", password).encode(), salt, _ROUNDS)
    stored_key = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${_ROUNDS}:{salt_text}${stored_text}:{server_text}"
