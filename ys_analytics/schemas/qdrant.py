"""What Qdrant holds: embeddings of what was said, audited and traded.

Knows each collection's size, payload and the frame it loads as; computes no
embedding.
"""

import polars as pl

from ys_analytics.schemas.table import TIME, Collection, Column

_ID = Column(name="id", dtype=pl.String(), meaning="The point, as UUID text.")


def _vector(size: int) -> Column:
    return Column(name="vector", dtype=pl.Array(pl.Float32(), size), meaning="The embedding, of unit length.")


def _keyword(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=pl.String(), native="keyword", meaning=meaning)


def _keywords(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=pl.List(pl.String()), native="keyword", meaning=meaning)


def _float(name: str, meaning: str, *, unit: str) -> Column:
    return Column(name=name, dtype=pl.Float64(), native="float", meaning=meaning, unit=unit)


def _epoch(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=TIME, native="integer", meaning=meaning, unit="UTC; epoch seconds in the store")


TABLES = (
    Collection(
        name="market_sentiment", store="qdrant", size=384, key=("id",), time="timestamp",
        meaning="What people said about assets.",
        payload={
            "timestamp": "integer", "source": "keyword", "sentiment_score": "float", "confidence": "float",
            "asset_mentioned": "keyword", "content_hash": "keyword",
        },
        columns=(
            _ID, _vector(384),
            _epoch("timestamp", "When it was said."),
            _keyword("source", "Where: twitter, discord, news."),
            _float("sentiment_score", "-1 despair to 1 delight.", unit="score"),
            _float("confidence", "How sure the model is.", unit="fraction"),
            _keywords("asset_mentioned", "Symbols it names."),
            _keyword("content_hash", "SHA-256 of the text."),
        ),
    ),
    Collection(
        name="protocol_analysis", store="qdrant", size=768, key=("id",), time="analysis_date",
        meaning="What was found out about protocols.",
        payload={
            "protocol_name": "keyword", "chain_id": "integer", "risk_score": "float", "tvl": "float",
            "audit_status": "keyword", "analysis_date": "integer",
        },
        columns=(
            _ID, _vector(768),
            _keyword("protocol_name", "Which protocol."),
            Column(name="chain_id", dtype=pl.Int64(), native="integer", meaning="On which chain."),
            _float("risk_score", "0 none, 1 certain.", unit="score"),
            _float("tvl", "Value locked.", unit="USD"),
            _keyword("audit_status", "How far it is audited."),
            _epoch("analysis_date", "When it was analysed."),
        ),
    ),
    Collection(
        name="trading_patterns", store="qdrant", size=512, key=("id",),
        meaning="Shapes the market took, and what followed.",
        payload={
            "pattern_type": "keyword", "success_rate": "float", "market_conditions": "keyword",
            "timeframe": "keyword", "assets_involved": "keyword",
        },
        columns=(
            _ID, _vector(512),
            _keyword("pattern_type", "Which shape."),
            _float("success_rate", "How often it held.", unit="fraction"),
            _keywords("market_conditions", "In which market."),
            _keyword("timeframe", "Over which time."),
            _keywords("assets_involved", "Symbols it was seen in."),
        ),
    ),
)  # fmt: skip
