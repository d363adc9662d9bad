"""Translates psycopg's errors into one line, and says whether the same read may succeed again.

Depends on psycopg. Does not know any table.
"""

import psycopg
import psycopg.errors

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores.addresses import PostgresAddress
from ys_analytics.stores.common.driver_errors import translation
from ys_analytics.stores.common.retry import Interrupted

# The server stopped, or two transactions met: the same read may succeed again.
_TRANSIENT = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.ConnectionException,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)

# A statement met more tables than the server has room to lock.
_NO_LOCKS = "out of shared memory"

_POLICY = "row-level security"


def is_transient(error: Exception) -> bool:
    """Whether the same read may succeed on another try."""
    return isinstance(error, _TRANSIENT) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


def explain(error: BaseException, address: PostgresAddress) -> StoreError | ContractError:  # noqa: ARG001 - psycopg names it
    """The error in one line, without a detail that could hold a row."""
    if isinstance(error, psycopg.errors.UndefinedColumn):
        return ContractError(f"postgres: {one_line(error)}; run `ys migrate status`")
    if isinstance(error, psycopg.errors.OutOfMemory) and _NO_LOCKS in one_line(error):
        return StoreError(
            f"postgres: {_NO_LOCKS}; where a mistyped year made thousands of partitions, run `ys migrate repair`"
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege) and _POLICY in one_line(error):
        return StoreError(f"postgres: {one_line(error)}, which leaves rows out; have our role altered to BYPASSRLS")
    return StoreError(f"postgres: {one_line(error) if isinstance(error, psycopg.Error) else error}")


def one_line(error: psycopg.Error) -> str:
    """What the server or the driver said, in one line."""
    text = error.diag.message_primary or str(error)
    return " ".join(text.split()) or type(error).__name__


translate_errors = translation(lambda: (Interrupted, psycopg.Error), explain)
