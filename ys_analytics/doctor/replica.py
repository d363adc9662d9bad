"""What the replica of PostgreSQL is asked: whether it answers and how near it is.

Depends on the settings that name it. Does not look at tables, which are those of the primary.
"""

from collections.abc import Iterator

from ys_analytics.doctor.answer import Answer
from ys_analytics.local import replica
from ys_analytics.settings import Settings

# Seconds it may be behind, where no setting says so: a report would miss what happened since.
_LATE = 300.0


def examine(settings: Settings) -> Iterator[Answer]:
    """Address, version and lag of the replica, as the analyst; nothing where the settings name none."""
    found = replica(settings, role="analyst")
    if found is None:
        return
    allowed = _LATE if settings.replica_max_lag is None else settings.replica_max_lag
    instead = (
        "reads go to the primary instead (YS_REPLICA_FALLBACK)"
        if settings.replica_fallback
        else "reads are refused; YS_REPLICA_FALLBACK=true sends them to the primary"
    )
    yield Answer("postgres", "replica", f"{found.address} ({found.mode})", well=found.running)
    if not found.running:
        yield Answer("postgres", "replica answers", f"{found.note}; {instead}", well=False)
        return
    yield Answer("postgres", "replica version", f"{found.version}, answers in {found.latency_ms:g} ms")
    near = found.behind_s is not None and found.behind_s <= allowed
    refused = settings.replica_max_lag is not None and not near
    yield Answer("postgres", "replica lag", f"{found.note}; {instead}" if refused else found.note, well=near)
