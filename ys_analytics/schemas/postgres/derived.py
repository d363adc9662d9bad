"""The ledger of migrations and the materialized views.

Depends on the columns of this package; holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.postgres.columns import count_column, enum_column, id_column, text_column, time_column
from ys_analytics.schemas.rules import (
    ADDRESS_OR_EMPTY,
    GENESIS,
    NUMBERED,
    SHA256,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    OneOf,
    Refers,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import MONEY, Column, Table

_SCHEMA_MIGRATIONS_TEXT = Formatted(
    TEXT, "info", "A migration without a description or rollback SQL can neither be reviewed nor safely reversed."
)

_SCHEMA_MIGRATIONS_MISSING = Required(
    "warning", "A migration without its version, name, time or checksum cannot be verified."
)

SCHEMA_MIGRATIONS = Table(
    name="schema_migrations",
    store="postgres",
    key=("version",),
    meaning="Which migrations made this database.",
    affects=None,
    rows=Rows(1, "warning", "The migration table is empty, so the schema behind these figures is unknown."),
    unique=Unique("warning", "A migration recorded twice may have changed the data twice."),
    required=_SCHEMA_MIGRATIONS_MISSING,
    columns=(
        text_column(
            "version",
            "Number of the migration.",
            Formatted(
                NUMBERED, "warning", "Migrations whose version does not begin with its number cannot be ordered."
            ),
            size=50,
        ),
        text_column("description", "What it did.", _SCHEMA_MIGRATIONS_TEXT),
        time_column(
            "applied_at",
            "When.",
            _SCHEMA_MIGRATIONS_MISSING,
            Bounded(
                "warning",
                "A change in the figures cannot be traced to a schema migration without a valid date.",
                at_least=GENESIS,
            ),
        ),
        text_column("rollback_sql", "What undoes it.", _SCHEMA_MIGRATIONS_TEXT, nullable=True),
        text_column(
            "checksum",
            "SHA-256 of the file as it was applied.",
            Formatted(
                SHA256, "warning", "Without a valid checksum, a migration edited after it was applied is not detected."
            ),
        ),
    ),
)

_DAILY_EXTERNAL_FLOWS_ID = Formatted(
    UUID, "critical", "A flow without a valid portfolio or asset id is missing from every return."
)

DAILY_EXTERNAL_FLOWS = Table(
    name="daily_external_flows",
    store="postgres",
    key=("portfolio_id", "day", "asset_id", "direction", "rule"),
    day="day",
    portfolio="portfolio_id",
    view=True,
    meaning="What crossed each portfolio's edge, by day and asset.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique(
        "critical",
        "A duplicated flow is removed from the return twice and shown as a false profit or loss.",
        rule="one row per portfolio, day, asset, direction and rule",
    ),
    required=Required(
        "critical",
        "A flow without its day, portfolio, asset, direction or amount is not removed from the return and is shown as "
        "profit or loss.",
    ),
    columns=(
        id_column(
            "portfolio_id",
            "Whose flow.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("portfolios.id", "critical", "A flow of an unknown portfolio is missing from every return."),
            nullable=True,
        ),
        Column(
            name="day",
            dtype=pl.Date(),
            native_type="date",
            meaning="UTC day.",
            nullable=True,
            rules=(
                Bounded(
                    "critical",
                    "A flow dated before 2009 moves the start of the portfolio's history.",
                    at_least=GENESIS.date(),
                ),
            ),
        ),
        id_column(
            "asset_id",
            "In which asset.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("assets.id", "critical", "A flow in an unknown asset cannot be valued."),
            nullable=True,
        ),
        Column(
            name="direction",
            dtype=pl.Enum(["in", "out"]),
            native_type="text",
            meaning="Into or out of it.",
            nullable=True,
            rules=(
                OneOf(
                    "critical",
                    "A flow whose direction is neither in nor out cannot be added to or subtracted from a return.",
                ),
            ),
        ),
        Column(
            name="rule",
            dtype=pl.Enum(["protocol", "override"]),
            native_type="text",
            meaning="What made it external: no protocol named, or metadata.flow.",
            nullable=True,
            rules=(OneOf("warning", "A flow with an unknown rule does not show why it was classified as external."),),
        ),
        Column(
            name="amount",
            dtype=MONEY,
            native_type="numeric",
            meaning="How much.",
            unit="asset units",
            nullable=True,
            rules=(Bounded("critical", "A negative amount turns a deposit into a withdrawal.", at_least=0),),
        ),
        count_column(
            "flows",
            "How many transactions.",
            Bounded("warning", "A flow row without any transaction behind it distorts that day's return.", at_least=1),
            big=True,
            nullable=True,
        ),
    ),
)

CURRENT_EXPOSURE = Table(
    name="current_exposure",
    store="postgres",
    key=("portfolio_id", "asset_type", "protocol_address", "chain_id"),
    portfolio="portfolio_id",
    view=True,
    meaning="What each portfolio is exposed to now, by asset type, protocol and chain.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique(
        "critical",
        "A duplicated exposure row doubles the concentration shown.",
        rule="one row per portfolio, kind, protocol and chain",
    ),
    required=Required("critical", "Exposure by type, protocol and chain does not add up to the portfolio's total."),
    columns=(
        id_column(
            "portfolio_id",
            "Whose exposure.",
            Formatted(UUID, "critical", "Exposure without a valid portfolio id appears in no report."),
            Refers("portfolios.id", "warning", "Exposure of an unknown portfolio appears in no report."),
            nullable=True,
        ),
        enum_column(
            "asset_type",
            "asset_type_enum",
            "To what kind of token.",
            OneOf("critical", "Exposure by type leaves out holdings with an unknown type."),
            nullable=True,
        ),
        text_column(
            "protocol_address",
            "In which contract; empty for a wallet.",
            Formatted(
                ADDRESS_OR_EMPTY,
                "warning",
                "Exposure to a protocol is too low when its address is malformed.",
            ),
            nullable=True,
        ),
        count_column(
            "chain_id",
            "On which chain; 0 where none is named.",
            Bounded("warning", "Exposure to a negative chain id cannot be assigned to any chain.", at_least=0),
            nullable=True,
        ),
        Column(
            name="value",
            dtype=MONEY,
            native_type="numeric",
            meaning="Net value; negative for a debt.",
            unit="USD",
            nullable=True,
            rules=(
                Bounded(
                    "warning",
                    "One unscaled amount dwarfs every other value in a chart. A spam token quoted at an inflated "
                    "price does the same.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                ),
            ),
        ),
        count_column(
            "positions",
            "How many positions.",
            Bounded("warning", "An exposure row without any position behind it overstates exposure.", at_least=1),
            big=True,
            nullable=True,
        ),
    ),
)
