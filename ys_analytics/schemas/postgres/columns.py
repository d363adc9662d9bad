"""Kinds of columns of PostgreSQL: the Polars type of each, its type in the store, and the enumerations.

Knows no table.
"""

import polars as pl

from ys_analytics.schemas.rules import Rule
from ys_analytics.schemas.table import MONEY, TIME, Column

ENUMS: dict[str, tuple[str, ...]] = {
    "user_type_enum": ("retail", "institutional", "family_office"),
    "kyc_status_enum": ("pending", "verified", "rejected", "expired"),
    "risk_profile_enum": ("conservative", "moderate", "aggressive", "custom"),
    "rebalancing_strategy_enum": ("daily", "weekly", "monthly", "quarterly", "dynamic"),
    "position_type_enum": ("spot", "staked", "lp_token", "yield_farm", "lending", "borrowing"),
    "asset_type_enum": ("crypto", "lp_token", "staked_token", "yield_token", "rwa_token"),
    "strategy_type_enum": ("yield_farming", "liquidity_provision", "arbitrage", "staking", "lending"),
    "transaction_type_enum": ("swap", "stake", "unstake", "deposit", "withdraw", "claim", "bridge"),
    "transaction_status_enum": ("pending", "confirmed", "failed", "replaced"),
    "risk_assessment_type_enum": ("liquidation", "correlation", "protocol", "market", "regulatory"),
    "risk_alert_type_enum": ("liquidation_risk", "high_correlation", "protocol_risk", "unusual_activity"),
    "severity_enum": ("low", "medium", "high", "critical"),
    "agent_type_enum": (
        "logic", "builder", "growth", "security", "sentiment", "logistics", "cross_chain", "data",
    ),
    "implementation_type_enum": ("custom", "elizaos", "hybrid"),
    "health_status_enum": ("healthy", "degraded", "unhealthy", "unknown"),
    "task_status_enum": ("pending", "running", "completed", "failed", "cancelled"),
}  # fmt: skip


def id_column(name: str, meaning: str, *rules: Rule, nullable: bool = False) -> Column:
    """A UUID, as text in frames."""
    return Column(name=name, dtype=pl.String(), native_type="uuid", meaning=meaning, nullable=nullable, rules=rules)


def text_column(
    name: str, meaning: str, *rules: Rule, size: int | None = None, nullable: bool = False, secret: bool = False
) -> Column:
    """A text column, of a largest size or of any."""
    native = "text" if size is None else f"character varying({size})"
    return Column(
        name=name, dtype=pl.String(), native_type=native, meaning=meaning, nullable=nullable, secret=secret, rules=rules
    )


def enum_column(name: str, enum: str, meaning: str, *rules: Rule, nullable: bool = False) -> Column:
    """A column of one of the enumerations in `ENUMS`."""
    return Column(
        name=name, dtype=pl.Enum(ENUMS[enum]), native_type=enum, meaning=meaning, nullable=nullable, rules=rules
    )


def json_column(name: str, meaning: str, *rules: Rule, nullable: bool = False, secret: bool = False) -> Column:
    """A JSON column, as text in frames."""
    return Column(
        name=name,
        dtype=pl.String(),
        native_type="jsonb",
        meaning=meaning,
        nullable=nullable,
        secret=secret,
        rules=rules,
    )


def time_column(name: str, meaning: str, *rules: Rule, nullable: bool = True) -> Column:
    """A time in UTC."""
    native = "timestamp with time zone"
    return Column(
        name=name, dtype=TIME, native_type=native, meaning=meaning, unit="UTC", nullable=nullable, rules=rules
    )


def flag_column(name: str, meaning: str, *rules: Rule, nullable: bool = True) -> Column:
    """A Boolean column."""
    return Column(name=name, dtype=pl.Boolean(), native_type="boolean", meaning=meaning, nullable=nullable, rules=rules)


def count_column(
    name: str, meaning: str, *rules: Rule, big: bool = False, unit: str = "", nullable: bool = False
) -> Column:
    """A whole number of 32 bits, or of 64 where `big`."""
    dtype, native = (pl.Int64(), "bigint") if big else (pl.Int32(), "integer")
    return Column(
        name=name, dtype=dtype, native_type=native, meaning=meaning, unit=unit, nullable=nullable, rules=rules
    )


def amount_column(name: str, meaning: str, *rules: Rule, unit: str, nullable: bool = False) -> Column:
    """An exact amount with 18 decimals."""
    return Column(
        name=name, dtype=MONEY, native_type="numeric(36,18)", meaning=meaning, unit=unit, nullable=nullable, rules=rules
    )


def fraction_column(name: str, meaning: str, *rules: Rule, nullable: bool = False, exact: bool = False) -> Column:
    """A fraction with 4 decimals."""
    return Column(
        name=name,
        dtype=pl.Decimal(5, 4),
        native_type="numeric(5,4)",
        meaning=meaning,
        unit="fraction",
        nullable=nullable,
        exact=exact,
        rules=rules,
    )
