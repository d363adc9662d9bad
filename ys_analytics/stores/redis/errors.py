"""Translates redis-py's errors into one line, and says whether the same read may succeed again.

Depends on redis-py. Does not know any key.
"""

import re

from ys_analytics.errors import StoreError
from ys_analytics.stores.addresses import RedisAddress
from ys_analytics.stores.common.driver_errors import translation
from ys_analytics.stores.common.retry import Interrupted
from ys_analytics.stores.redis import privileges

# How redis-py names each Sentinel that did not answer: its client with all options.
_CLIENT = re.compile(r"( : )?<redis\.client\.Redis\(.*?\)> - ")


def is_transient(error: Exception) -> bool:
    """Connections that are refused or lost come back; a wrong password stays wrong."""
    from redis.exceptions import AuthenticationError, ConnectionError  # noqa: A004 - the driver's name for it

    return isinstance(error, ConnectionError) and not isinstance(error, AuthenticationError)


def kinds() -> tuple[type[BaseException], ...]:
    """The errors of the driver, and a read that saw the servers change."""
    from redis.exceptions import RedisClusterException, RedisError

    return (RedisError, RedisClusterException, Interrupted, OSError)


def explain(error: BaseException, address: RedisAddress) -> StoreError:
    """The error in one line that names the server and no secret."""
    from redis.exceptions import NoPermissionError

    message = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    message = _CLIENT.sub(lambda client: "; a Sentinel said " if client[1] else "", message)
    hint = "run: ys up" if address.embedded else "check YS_REDIS_URL and the server"
    # Refused inside a script, the same comes as an error of another class.
    if isinstance(error, NoPermissionError) or "ACL failure" in message or "can't run this command" in message:
        hint = f"reading needs ACL SETUSER … {privileges.READING_A_CLUSTER}"
    return StoreError(f"Redis at {address.masked}: {message}; {hint}")


translate_errors = translation(kinds, explain)
