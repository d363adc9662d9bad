"""YieldSensei analytics: the public names of the kit, as a notebook uses them.

`ys.open` returns a desk: one portfolio and one week. `ys.portfolios`, `ys.weeks`, `ys.catalog`, `ys.compare`,
`ys.fleet`, `ys.outliers`, `ys.limits_broken`, `ys.nearest_liquidations`, `ys.shock`, `ys.load`, `ys.sql` and
`ys.similar` work without one; `ys.metrics`, `ys.figures` and `ys.tables` hold the metrics, charts and tables. Each name
is imported when it is first used; importing the package opens and reads nothing.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ys_analytics import metrics
    from ys_analytics.desk import (
        catalog,
        compare,
        fleet,
        limits_broken,
        load,
        nearest_liquidations,
        outliers,
        portfolios,
        shock,
        similar,
        sql,
        weeks,
    )
    from ys_analytics.desk import open_desk as open  # noqa: A004 - `ys.open`, never bare
    from ys_analytics.views import figures, tables

__all__ = [
    "catalog",
    "compare",
    "figures",
    "fleet",
    "limits_broken",
    "load",
    "metrics",
    "nearest_liquidations",
    "open",
    "outliers",
    "portfolios",
    "shock",
    "similar",
    "sql",
    "tables",
    "weeks",
]

_SELF = sys.modules[__name__]

# Each name of the surface: the module it is in, and what it is called there; empty for the module itself.
_MODULES = {
    "open": ("ys_analytics.desk", "open_desk"),
    "load": ("ys_analytics.desk", "load"),
    "sql": ("ys_analytics.desk", "sql"),
    "similar": ("ys_analytics.desk", "similar"),
    "portfolios": ("ys_analytics.desk", "portfolios"),
    "weeks": ("ys_analytics.desk", "weeks"),
    "catalog": ("ys_analytics.desk", "catalog"),
    "compare": ("ys_analytics.desk", "compare"),
    "fleet": ("ys_analytics.desk", "fleet"),
    "shock": ("ys_analytics.desk", "shock"),
    "outliers": ("ys_analytics.desk", "outliers"),
    "limits_broken": ("ys_analytics.desk", "limits_broken"),
    "nearest_liquidations": ("ys_analytics.desk", "nearest_liquidations"),
    "metrics": ("ys_analytics.metrics", ""),
    "figures": ("ys_analytics.views.figures", ""),
    "tables": ("ys_analytics.views.tables", ""),
}


def __getattr__(name: str) -> Any:
    """Import a name of the surface when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"ys_analytics has no {name!r}; it has {', '.join(__all__)}", name=name, obj=_SELF)
    if "IPython" in sys.modules:
        import_module("ys_analytics.views.notebook_session").prepare()
    module, attribute = _MODULES[name]
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    """The surface, for completion."""
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """Add `%%ys` and its completion to IPython: `%load_ext ys_analytics`; an import in a notebook does it too."""
    import_module("ys_analytics.notebook").register(shell)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    load_ipython_extension(_shell)
