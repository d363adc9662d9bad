"""One loader a table, through one gate; and runs: the same frames frozen, proven and read back.

`frames.load(stores, "assets")` and `frames.assets(stores)` are the same. Every frame has the columns,
types and order that `schemas` declares, full or empty, and no secret.
"""

from ys_analytics.frames.closes import daily_closes, daily_values
from ys_analytics.frames.contract import drift
from ys_analytics.frames.export import export
from ys_analytics.frames.fleet import fleet, last_values
from ys_analytics.frames.freeze import freeze
from ys_analytics.frames.gate import conform
from ys_analytics.frames.lazy import scan
from ys_analytics.frames.loading import batches, count, load
from ys_analytics.frames.manifest import FrameRecord, Manifest, git_commit
from ys_analytics.frames.portfolio_lookup import PortfolioRef, find_portfolio
from ys_analytics.frames.proof import prove
from ys_analytics.frames.run import Run, open_run
from ys_analytics.frames.search import nearest
from ys_analytics.frames.table_loaders import LOADERS, Loader

__all__ = [
    "FrameRecord",
    "Loader",
    "Manifest",
    "PortfolioRef",
    "Run",
    "batches",
    "conform",
    "count",
    "daily_closes",
    "daily_values",
    "drift",
    "export",
    "find_portfolio",
    "fleet",
    "freeze",
    "git_commit",
    "last_values",
    "load",
    "nearest",
    "open_run",
    "prove",
    "scan",
]


def __getattr__(name: str) -> Loader:
    """`frames.<table>`: the loader of that table."""
    if name in LOADERS:
        return LOADERS[name]
    raise AttributeError(f"frames has no {name!r}; `ys catalog` lists the tables")


def __dir__() -> list[str]:
    """The verbs and the tables, for completion."""
    return sorted([*__all__, *LOADERS])
