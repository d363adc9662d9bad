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
    TEXT, "info", "A migration that does not say what it did, or how to undo it, is found out by trying."
)

_SCHEMA_MIGRATIONS_MISSING = Required("warning", "A migration without name, time or checksum cannot be verified.")

SCHEMA_MIGRATIONS = Table(
    name="schema_migrations",
    store="postgres",
    key=("version",),
    meaning="Which migrations made this database.",
    affects=None,
    rows=Rows(1, "warning", "Nobody can say which schema these numbers came from."),
    unique=Unique("warning", "A migration applied twice may have changed the data twice."),
    required=_SCHEMA_MIGRATIONS_MISSING,
    columns=(
        text_column(
            "version",
            "Number of the migration.",
            Formatted(NUMBERED, "warning", "Order is lost when a version does not begin with its number."),
            size=50,
        ),
        text_column("description", "What it did.", _SCHEMA_MIGRATIONS_TEXT),
        time_column(
            "applied_at",
            "When.",
            _SCHEMA_MIGRATIONS_MISSING,
            Bounded(
                "warning",
                "A change of schema cannot be laid beside a change of numbers without its date.",
                at_least=GENESIS,
            ),
        ),
        text_column("rollback_sql", "What undoes it.", _SCHEMA_MIGRATIONS_TEXT, nullable=True),
        text_column(
            "checksum",
            "SHA-256 of the file as it was applied.",
            Formatted(SHA256, "warning", "An edited migration goes unseen without the checksum of its file."),
        ),
    ),
)

_DAILY_EXTERNAL_FLOWS_ID = Formatted(UUID, "critical", "A flow of nobody is taken out of no return.")

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
        "A flow taken out of a return twice is a loss nobody had.",
        rule="one row per portfolio, day, asset, direction and rule",
    ),
    required=Required("critical", "A flow without its day, asset, direction or size is left in the return."),
    columns=(
        id_column(
            "portfolio_id",
            "Whose flow.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("portfolios.id", "critical", "A flow is taken out of no return."),
            nullable=True,
        ),
        Column(
            name="day",
            dtype=pl.Date(),
            native="date",
            meaning="UTC day.",
            nullable=True,
            rules=(
                Bounded(
                    "critical",
                    "A flow in 1970 moves the beginning of the portfolio's history.",
                    at_least=GENESIS.date(),
                ),
            ),
        ),
        id_column(
            "asset_id",
            "In which asset.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("assets.id", "critical", "A flow cannot be valued."),
            nullable=True,
        ),
        Column(
            name="direction",
            dtype=pl.Enum(["in", "out"]),
            native="text",
            meaning="Into or out of it.",
            nullable=True,
            rules=(OneOf("critical", "A flow that goes neither in nor out has no sign."),),
        ),
        Column(
            name="rule",
            dtype=pl.Enum(["protocol", "override"]),
            native="text",
            meaning="What made it external: no protocol named, or metadata.flow.",
            nullable=True,
            rules=(OneOf("warning", "The audit of what made a flow external is incomplete."),),
        ),
        Column(
            name="amount",
            dtype=MONEY,
            native="numeric",
            meaning="How much.",
            unit="asset units",
            nullable=True,
            rules=(Bounded("critical", "A negative amount turns a deposit into a withdrawal.", at_least=0),),
        ),
        count_column(
            "flows",
            "How many transactions.",
            Bounded("warning", "A day with a flow and no transaction was invented.", at_least=1),
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
        "An exposure listed twice doubles a concentration.",
        rule="one row per portfolio, kind, protocol and chain",
    ),
    required=Required("critical", "Exposure by kind, protocol and chain does not add up to the whole."),
    columns=(
        id_column(
            "portfolio_id",
            "Whose exposure.",
            Formatted(UUID, "critical", "The exposure of nobody is on no page."),
            Refers("portfolios.id", "warning", "Exposure of nobody is shown."),
            nullable=True,
        ),
        enum_column(
            "asset_type",
            "asset_type_enum",
            "To what kind of token.",
            OneOf("critical", "Exposure by kind leaves out what nobody knows."),
            nullable=True,
        ),
        text_column(
            "protocol_address",
            "In which contract; empty for a wallet.",
            Formatted(
                ADDRESS_OR_EMPTY,
                "warning",
                "Exposure to a protocol is short of what is filed under a misspelt contract.",
            ),
            nullable=True,
        ),
        count_column(
            "chain_id",
            "On which chain; 0 where none is named.",
            Bounded("warning", "Exposure to a chain below zero is to nothing.", at_least=0),
            nullable=True,
        ),
        Column(
            name="value",
            dtype=MONEY,
            native="numeric",
            meaning="Net value; negative for a debt.",
            unit="USD",
            nullable=True,
            rules=(
                Bounded(
                    "warning",
                    "One unscaled amount is the whole of every chart, and so is a spam token quoted at a fancy price.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                ),
            ),
        ),
        count_column(
            "positions",
            "How many positions.",
            Bounded("warning", "An exposure without a position was invented.", at_least=1),
            big=True,
            nullable=True,
        ),
    ),
)
