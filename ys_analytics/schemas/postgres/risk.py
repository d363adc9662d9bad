"""Risk assessments and alerts.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.postgres.columns import (
    enum_column,
    flag_column,
    fraction_column,
    id_column,
    json_column,
    text_column,
    time_column,
)
from ys_analytics.schemas.rules import (
    GENESIS,
    JSON,
    LABEL,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    NotInFuture,
    OneOf,
    OnTime,
    Refers,
    Required,
    Unique,
)
from ys_analytics.schemas.table import Table

_RISK_ASSESSMENTS_ID = Formatted(
    UUID, "warning", "An assessment with a malformed id or portfolio id appears in no report."
)

_RISK_ASSESSMENTS_BOUNDS = Bounded(
    "warning",
    "A score outside 0 to 1 puts a portfolio at the wrong end of the risk ranking.",
    at_least=0,
    at_most=1,
)

_RISK_ASSESSMENTS_JSON = Formatted(
    JSON, "warning", "The reasons for a risk, or the recommendations, cannot be shown when they are not valid JSON."
)

_RISK_ASSESSMENTS_SINCE = Bounded(
    "warning", "An assessment dated before 2009 is never the latest one, so it is never shown.", at_least=GENESIS
)

RISK_ASSESSMENTS = Table(
    name="risk_assessments",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What the satellites thought of a portfolio's risk, and when.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "A duplicated assessment is counted twice in a portfolio's mean risk."),
    required=Required("warning", "An assessment without its portfolio, type, score or source cannot be weighted."),
    columns=(
        id_column("id", "The assessment.", _RISK_ASSESSMENTS_ID),
        id_column(
            "portfolio_id",
            "Of which portfolio.",
            _RISK_ASSESSMENTS_ID,
            Refers(
                "portfolios.id",
                "warning",
                "A risk assessment belongs to an unknown portfolio and appears in no report.",
            ),
        ),
        enum_column(
            "assessment_type",
            "risk_assessment_type_enum",
            "Which risk.",
            OneOf("warning", "Assessments with an unknown type are shown on no page."),
        ),
        fraction_column("risk_score", "How bad: 0 none, 1 certain.", _RISK_ASSESSMENTS_BOUNDS),
        fraction_column("confidence_level", "How sure the satellite is.", _RISK_ASSESSMENTS_BOUNDS),
        json_column("factors", "What went into the score.", _RISK_ASSESSMENTS_JSON),
        json_column("recommendations", "What it advises.", _RISK_ASSESSMENTS_JSON, nullable=True),
        text_column(
            "satellite_source",
            "Which satellite.",
            Formatted(LABEL, "warning", "A malformed agent id splits one satellite agent's records into two groups."),
            size=50,
        ),
        time_column(
            "created_at",
            "When it was made.",
            _RISK_ASSESSMENTS_SINCE,
            OnTime("warning", "Reports show old risk assessments because no new ones are made."),
            NotInFuture(
                "warning",
                "A row dated in the future is left out of every weekly figure. The usual cause is a time zone offset "
                "applied twice.",
            ),
            nullable=False,
        ),
        time_column("expires_at", "When it stops being valid.", _RISK_ASSESSMENTS_SINCE),
    ),
)

_RISK_ALERTS_ID = Formatted(
    UUID,
    "warning",
    "An alert with a malformed id, portfolio id or user id cannot be assigned to its portfolio or recipient.",
)

_RISK_ALERTS_MISSING = Required(
    "warning", "An alert without its portfolio, type, severity or message cannot be acted on."
)

RISK_ALERTS = Table(
    name="risk_alerts",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What an owner was warned of.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "A duplicated alert is counted and shown twice."),
    required=_RISK_ALERTS_MISSING,
    columns=(
        id_column("id", "The alert.", _RISK_ALERTS_ID),
        id_column(
            "portfolio_id",
            "About which portfolio.",
            _RISK_ALERTS_ID,
            Refers("portfolios.id", "warning", "An alert of an unknown portfolio reaches no owner."),
        ),
        enum_column(
            "alert_type",
            "risk_alert_type_enum",
            "About which risk.",
            OneOf("warning", "Alerts with an unknown type are shown on no page."),
        ),
        enum_column(
            "severity",
            "severity_enum",
            "How grave.",
            OneOf("warning", "Alerts with an unknown severity are sorted last and may be missed."),
        ),
        text_column(
            "message",
            "What was said.",
            Formatted(TEXT, "warning", "An alert with a blank message does not say what happened."),
        ),
        json_column(
            "details",
            "The figures behind it.",
            Formatted(JSON, "warning", "An alert's details that are not valid JSON cannot be shown."),
            nullable=True,
        ),
        flag_column("is_acknowledged", "Whether it was acknowledged."),
        time_column("acknowledged_at", "When it was acknowledged."),
        id_column("acknowledged_by", "Who did.", _RISK_ALERTS_ID, nullable=True),
        time_column(
            "created_at",
            "When it was raised.",
            _RISK_ALERTS_MISSING,
            Bounded(
                "warning",
                "An alert dated before 2009 appears to be open for decades in every statistic.",
                at_least=GENESIS,
            ),
            NotInFuture(
                "warning",
                "A row dated in the future is left out of every weekly figure. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
        time_column("resolved_at", "When it was over."),
    ),
)
