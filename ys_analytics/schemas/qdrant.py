"""What Qdrant holds: embeddings of what was said, audited and traded.

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
    NotAhead,
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
    return Column(name=name, dtype=pl.String(), native="keyword", meaning=meaning, rules=rules)


def _keywords(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=pl.List(pl.String()), native="keyword", meaning=meaning, rules=rules)


def _float(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    return Column(name=name, dtype=pl.Float64(), native="float", meaning=meaning, unit=unit, rules=rules)


def _epoch(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(
        name=name, dtype=TIME, native="integer", meaning=meaning, unit="UTC; epoch seconds in the store", rules=rules
    )


_TRADING_PATTERNS_TEXT = Formatted(TEXT, "warning", "A pattern under a blank name is never matched.")

_PROTOCOL_ANALYSIS_TEXT = Formatted(TEXT, "warning", "A finding about a blank name is about nobody.")

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
        unique=Unique("warning", "A voice counted twice sways the mood."),
        required=Required("warning", "A voice without its moment, source or mood says nothing."),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A point that cannot be named cannot be removed.")),
            _vector(384),
            _epoch(
                "timestamp",
                "When it was said.",
                Bounded(
                    "warning", "Milliseconds read as seconds put a voice where no week finds it.", at_least=GENESIS
                ),
                NotAhead("warning", "What was said tomorrow is in no week; a zone was added twice."),
                OnTime("warning", "The mood of the week is last week's; nobody listens any more."),
            ),
            _keyword(
                "source",
                "Where: twitter, discord, news.",
                Formatted(LABEL, "warning", "Two spellings of one source split its voices in two."),
            ),
            _float(
                "sentiment_score",
                "-1 despair to 1 delight.",
                Bounded("warning", "The mood of a week is set by one score off its scale.", at_least=-1, at_most=1),
                unit="score",
            ),
            _float(
                "confidence",
                "How sure the model is.",
                Bounded(
                    "warning", "A weighted mood is ruled by whoever claims more than certainty.", at_least=0, at_most=1
                ),
                unit="fraction",
            ),
            _keywords("asset_mentioned", "Symbols it names."),
            _keyword(
                "content_hash",
                "SHA-256 of the text.",
                Formatted(SHA256, "warning", "The same text cannot be recognised a second time."),
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
        unique=Unique("warning", "A finding counted twice weighs twice."),
        required=Required("warning", "A protocol looks safe where nothing is known of it."),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A point that cannot be named cannot be removed.")),
            _vector(768),
            _keyword("protocol_name", "Which protocol.", _PROTOCOL_ANALYSIS_TEXT),
            Column(
                name="chain_id",
                dtype=pl.Int64(),
                native="integer",
                meaning="On which chain.",
                rules=(Bounded("warning", "A protocol on chain zero stands nowhere.", at_least=1),),
            ),
            _float(
                "risk_score",
                "0 none, 1 certain.",
                Bounded("warning", "A score off its scale sorts a protocol to the wrong end.", at_least=0, at_most=1),
                unit="score",
            ),
            _float(
                "tvl",
                "Value locked.",
                Bounded(
                    "warning",
                    "One unscaled size makes a small protocol look too big to fail.",
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
                Bounded("warning", "Milliseconds read as seconds make an old finding the newest.", at_least=GENESIS),
                NotAhead("warning", "What was said tomorrow is in no week; a zone was added twice."),
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
        unique=Unique("warning", "A pattern counted twice looks twice as sure."),
        required=Required("warning", "A pattern without a shape, time or outcome teaches nothing."),
        columns=(
            _ID.with_rules(Formatted(UUID, "warning", "A point that cannot be named cannot be removed.")),
            _vector(512),
            _keyword("pattern_type", "Which shape.", _TRADING_PATTERNS_TEXT),
            _float(
                "success_rate",
                "How often it held.",
                Bounded(
                    "warning", "A pattern that holds more often than always is traded on first.", at_least=0, at_most=1
                ),
                unit="fraction",
            ),
            _keywords("market_conditions", "In which market."),
            _keyword("timeframe", "Over which time.", _TRADING_PATTERNS_TEXT),
            _keywords("assets_involved", "Symbols it was seen in."),
        ),
    ),
)
