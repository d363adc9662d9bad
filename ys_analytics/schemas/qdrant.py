"""Qdrant's collections: embeddings of sentiment, protocol analyses and trading patterns.

Knows each collection's size, payload and the frame it loads as; computes no
embedding.
"""

import polars as pl

from ys_analytics.schemas.rules import (
    GENESIS,
    LABEL,
    SHA256,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    NotInFuture,
    OnTime,
    Required,
    Rule,
    Unique,
)
from ys_analytics.schemas.table import TIME, Collection, Column

_ID = Column(name="id", dtype=pl.String(), meaning="The point, as UUID text.")


def _vector(size: int, *rules: Rule) -> Column:
    return Column(
        name="vector", dtype=pl.Array(pl.Float32(), size), meaning="The embedding, of unit length.", rules=rules
    )


def _keyword(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=pl.String(), native_type="keyword", meaning=meaning, rules=rules)


def _keywords(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=pl.List(pl.String()), native_type="keyword", meaning=meaning, rules=rules)


def _float(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    return Column(name=name, dtype=pl.Float64(), native_type="float", meaning=meaning, unit=unit, rules=rules)


def _epoch(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(
        name=name,
        dtype=TIME,
        native_type="integer",
        meaning=meaning,
        unit="UTC; epoch seconds in the store",
        rules=rules,
    )


_TRADING_PATTERNS_TEXT = Formatted(
    TEXT, "warning", "A trading pattern with a blank type or timeframe is never matched."
)

_PROTOCOL_ANALYSIS_TEXT = Formatted(
    TEXT, "warning", "An analysis with a blank protocol name or audit status cannot be assigned to any protocol."
)

TABLES = (
    Collection(
        name="market_sentiment",
        store="qdrant",
        size=384,
        key=("id",),
        time="timestamp",
        meaning="What people said about assets.",
        payload={
            "timestamp": "integer",
            "source": "keyword",
            "sentiment_score": "float",
            "confidence": "float",
            "asset_mentioned": "keyword",
            "content_hash": "keyword",
        },
        affects=("asset_mentioned", "symbol"),
        unique=Unique("warning", "A duplicated sentiment record is counted twice in the asset's weekly mean."),
        required=Required(
            "warning", "A sentiment record without its time, source, asset or score cannot be used in any mean."
        ),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A record without a valid UUID cannot be updated or deleted.")),
            _vector(384),
            _epoch(
                "timestamp",
                "When it was said.",
                Bounded(
                    "warning",
                    "A sentiment record dated before 2009 is missing from every week. The usual cause is milliseconds "
                    "read as seconds.",
                    at_least=GENESIS,
                ),
                NotInFuture(
                    "warning",
                    "A record dated in the future is left out of every weekly figure. The usual cause is a time zone "
                    "offset applied twice.",
                ),
                OnTime("warning", "No new sentiment records arrive, so this week's sentiment shown is last week's."),
            ),
            _keyword(
                "source",
                "Where: twitter, discord, news.",
                Formatted(LABEL, "warning", "Two spellings of one source split its sentiment records into two groups."),
            ),
            _float(
                "sentiment_score",
                "-1 despair to 1 delight.",
                Bounded(
                    "warning", "One sentiment score outside -1 to 1 dominates the weekly mean.", at_least=-1, at_most=1
                ),
                unit="score",
            ),
            _float(
                "confidence",
                "How sure the model is.",
                Bounded(
                    "warning",
                    "A confidence outside 0 to 1 gives its sentiment record too much weight in the weighted mean.",
                    at_least=0,
                    at_most=1,
                ),
                unit="fraction",
            ),
            _keywords("asset_mentioned", "Symbols it names."),
            _keyword(
                "content_hash",
                "SHA-256 of the text.",
                Formatted(
                    SHA256,
                    "warning",
                    "Without a valid content hash, a repeated text cannot be recognised as a duplicate.",
                ),
            ),
        ),
    ),
    Collection(
        name="protocol_analysis",
        store="qdrant",
        size=768,
        key=("id",),
        time="analysis_date",
        meaning="What was found out about protocols.",
        payload={
            "protocol_name": "keyword",
            "chain_id": "integer",
            "risk_score": "float",
            "tvl": "float",
            "audit_status": "keyword",
            "analysis_date": "integer",
        },
        affects=("protocol_name", "protocol"),
        unique=Unique("warning", "A duplicated analysis is counted twice in a protocol's mean scores."),
        required=Required("warning", "A protocol looks safe because its analysis is incomplete."),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A record without a valid UUID cannot be updated or deleted.")),
            _vector(768),
            _keyword("protocol_name", "Which protocol.", _PROTOCOL_ANALYSIS_TEXT),
            Column(
                name="chain_id",
                dtype=pl.Int64(),
                native_type="integer",
                meaning="On which chain.",
                rules=(
                    Bounded(
                        "warning", "An analysis with a chain id below 1 cannot be assigned to any chain.", at_least=1
                    ),
                ),
            ),
            _float(
                "risk_score",
                "0 none, 1 certain.",
                Bounded(
                    "warning",
                    "A risk score outside 0 to 1 puts a protocol at the wrong end of the ranking.",
                    at_least=0,
                    at_most=1,
                ),
                unit="score",
            ),
            _float(
                "tvl",
                "Value locked.",
                Bounded(
                    "warning",
                    "One unscaled TVL makes a small protocol look large and safe.",
                    at_least=0,
                    at_most=1_000_000_000_000,
                    refused=True,
                ),
                unit="USD",
            ),
            _keyword("audit_status", "How far it is audited.", _PROTOCOL_ANALYSIS_TEXT),
            _epoch(
                "analysis_date",
                "When it was analysed.",
                Bounded(
                    "warning",
                    "A protocol analysis with a date out of range is sorted wrongly, so an old analysis may be shown "
                    "as the newest. The usual cause is milliseconds read as seconds.",
                    at_least=GENESIS,
                ),
                NotInFuture(
                    "warning",
                    "A record dated in the future is left out of every weekly figure. The usual cause is a time zone "
                    "offset applied twice.",
                ),
            ),
        ),
    ),
    Collection(
        name="trading_patterns",
        store="qdrant",
        size=512,
        key=("id",),
        meaning="Shapes the market took, and what followed.",
        payload={
            "pattern_type": "keyword",
            "success_rate": "float",
            "market_conditions": "keyword",
            "timeframe": "keyword",
            "assets_involved": "keyword",
        },
        affects=("assets_involved", "symbol"),
        unique=Unique("warning", "A duplicated trading pattern is counted twice in success rates."),
        required=Required("warning", "A trading pattern without its type, time, assets or outcome cannot be used."),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A record without a valid UUID cannot be updated or deleted.")),
            _vector(512),
            _keyword("pattern_type", "Which shape.", _TRADING_PATTERNS_TEXT),
            _float(
                "success_rate",
                "How often it held.",
                Bounded(
                    "warning",
                    "A success rate above 1 puts a trading pattern at the top of the ranking wrongly.",
                    at_least=0,
                    at_most=1,
                ),
                unit="fraction",
            ),
            _keywords("market_conditions", "In which market."),
            _keyword("timeframe", "Over which time.", _TRADING_PATTERNS_TEXT),
            _keywords("assets_involved", "Symbols it was seen in."),
        ),
    ),
)
