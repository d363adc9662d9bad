"""The embedded stores: PostgreSQL, ClickHouse, Valkey and Qdrant from wheels, under one home folder.

Knows how engines are started, found, waited for and stopped, and turns settings into open stores; knows
no table.
"""

from ys_analytics.local.engines import ALL
from ys_analytics.local.engines import start as up
from ys_analytics.local.engines import stop as down
from ys_analytics.local.home import Home
from ys_analytics.local.lock import LockOwner, OnWait
from ys_analytics.local.opening import Addresses, Role, open_stores
from ys_analytics.local.status import Status, probe, replica, status

__all__ = [
    "ALL",
    "Addresses",
    "Home",
    "LockOwner",
    "OnWait",
    "Role",
    "Status",
    "down",
    "open_stores",
    "probe",
    "replica",
    "status",
    "up",
]
