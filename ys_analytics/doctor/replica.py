"""Questions to PostgreSQL's replica: whether it answers, and its lag.

Depends on the settings that name it. Does not look at tables, which are those of the primary.
"""

from collections.abc import Iterator

from ys_analytics.doctor.answer import Answer
from ys_analytics.local import replica
from ys_analytics.schemas import Store
from ys_analytics.settings import Settings

# The store that may have one.
STORE: Store = "postgres"

# The largest lag in seconds, where no setting states one: a report would miss what happened since.
_DEFAULT_MAX_LAG = 300.0


def examine(settings: Settings) -> Iterator[Answer]:
    """Address, version and lag of the replica, as the analyst; nothing where the settings name none."""
    status = replica(settings, role="analyst")
    if status is None:
        return
    allowed = _DEFAULT_MAX_LAG if settings.replica_max_lag is None else settings.replica_max_lag
    consequence = (
        "reads go to the primary instead (YS_REPLICA_FALLBACK)"
        if settings.replica_fallback
        else "reads are refused; YS_REPLICA_FALLBACK=true sends them to the primary"
    )
    yield Answer(STORE, "replica", f"{status.address} ({status.mode})", ok=status.running)
    if not status.running:
        yield Answer(STORE, "replica answers", f"{status.note}; {consequence}", ok=False)
        return
    yield Answer(STORE, "replica version", f"{status.version}, answers in {status.latency_ms:g} ms")
    in_time = status.behind_s is not None and status.behind_s <= allowed
    is_refused = settings.replica_max_lag is not None and not in_time
    yield Answer(STORE, "replica lag", f"{status.note}; {consequence}" if is_refused else status.note, ok=in_time)
