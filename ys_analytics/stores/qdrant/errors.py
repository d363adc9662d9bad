"""Translates qdrant-client's errors into one line, and says whether the same read may succeed again.

Depends on qdrant-client. Does not know any collection.
"""

import sqlite3

from ys_analytics.errors import StoreError
from ys_analytics.stores.addresses import QdrantAddress
from ys_analytics.stores.common.driver_errors import translation
from ys_analytics.stores.common.retry import Interrupted

_FORBIDDEN = 403

# How much of an error an error line may carry.
_MAX_MESSAGE = 300


def is_transient(error: Exception) -> bool:
    """Connections that are refused or lost come back; what a server answered stays answered."""
    from qdrant_client.http.exceptions import ResponseHandlingException

    return isinstance(error, ResponseHandlingException)


def kinds() -> tuple[type[BaseException], ...]:
    """The errors of the client, and those its local mode lets out."""
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException

    return (QdrantException, ApiException, Interrupted, ValueError, RuntimeError, OSError, sqlite3.Error)


def explain(error: BaseException, address: QdrantAddress) -> StoreError:
    """The error in one line that names the store and no secret."""
    message = " ".join(str(error).split())[:_MAX_MESSAGE] or type(error).__name__
    hint = "look at the folder" if address.embedded else "check YS_QDRANT_URL, YS_QDRANT_API_KEY and the server"
    if getattr(error, "status_code", None) == _FORBIDDEN:
        hint = "the key in YS_QDRANT_API_KEY may not do that; a read-only key reads and writes nothing"
    return StoreError(f"Qdrant at {address.masked}: {message}; {hint}")


translate_errors = translation(kinds, explain)
