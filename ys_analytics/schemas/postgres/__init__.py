"""PostgreSQL's tables: users, portfolios, transactions, risk and agents.

Knows the thirteen tables and two materialized views, column by column, with the
types `information_schema` must show. Holds no SQL.
"""

from ys_analytics.schemas.postgres.agents import AGENT_TASKS, SATELLITE_AGENTS
from ys_analytics.schemas.postgres.assets import ASSETS
from ys_analytics.schemas.postgres.columns import ENUMS
from ys_analytics.schemas.postgres.derived import CURRENT_EXPOSURE, DAILY_EXTERNAL_FLOWS, SCHEMA_MIGRATIONS
from ys_analytics.schemas.postgres.portfolios import PORTFOLIO_POSITIONS, PORTFOLIOS, TRADING_STRATEGIES
from ys_analytics.schemas.postgres.risk import RISK_ALERTS, RISK_ASSESSMENTS
from ys_analytics.schemas.postgres.transactions import TRANSACTIONS
from ys_analytics.schemas.postgres.users import USER_API_KEYS, USER_SESSIONS, USERS

TABLES = (
    USERS, USER_API_KEYS, USER_SESSIONS, ASSETS, PORTFOLIOS, PORTFOLIO_POSITIONS, TRADING_STRATEGIES, TRANSACTIONS,
    RISK_ASSESSMENTS, RISK_ALERTS, SATELLITE_AGENTS, AGENT_TASKS, SCHEMA_MIGRATIONS, DAILY_EXTERNAL_FLOWS,
    CURRENT_EXPOSURE,
)  # fmt: skip

__all__ = [
    "AGENT_TASKS",
    "ASSETS",
    "CURRENT_EXPOSURE",
    "DAILY_EXTERNAL_FLOWS",
    "ENUMS",
    "PORTFOLIOS",
    "PORTFOLIO_POSITIONS",
    "RISK_ALERTS",
    "RISK_ASSESSMENTS",
    "SATELLITE_AGENTS",
    "SCHEMA_MIGRATIONS",
    "TABLES",
    "TRADING_STRATEGIES",
    "TRANSACTIONS",
    "USERS",
    "USER_API_KEYS",
    "USER_SESSIONS",
]
