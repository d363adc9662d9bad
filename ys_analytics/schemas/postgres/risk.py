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
    NotAhead,
    OneOf,
    OnTime,
    Refers,
    Required,
    Unique,
)
from ys_analytics.schemas.table import Table

_RISK_ASSESSMENTS_ID = Formatted(UUID, "warning", "The risk of no portfolio warns nobody.")

_RISK_ASSESSMENTS_BOUNDS = Bounded(
    "warning",
    "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
    at_least=0,
    at_most=1,
)

_RISK_ASSESSMENTS_JSON = Formatted(JSON, "warning", "Why a portfolio is at risk, or what to do, cannot be shown.")

_RISK_ASSESSMENTS_SINCE = Bounded(
    "warning", "An assessment from 1970 is never the latest, so it is never read.", at_least=GENESIS
)

RISK_ASSESSMENTS = Table(
    name="risk_assessments",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What the satellites thought of a portfolio's risk, and when.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "An assessment listed twice weighs twice."),
    required=Required("warning", "A risk without its size, kind or source cannot be weighed."),
    columns=(
        id_column("id", "The assessment.", _RISK_ASSESSMENTS_ID),
        id_column(
            "portfolio_id",
            "Of which portfolio.",
            _RISK_ASSESSMENTS_ID,
            Refers("portfolios.id", "warning", "A risk of nobody is assessed."),
        ),
        enum_column(
            "assessment_type",
            "risk_assessment_type_enum",
            "Which risk.",
            OneOf("warning", "A kind of risk nobody knows is on no page."),
        ),
        fraction_column("risk_score", "How bad: 0 none, 1 certain.", _RISK_ASSESSMENTS_BOUNDS),
        fraction_column("confidence_level", "How sure the satellite is.", _RISK_ASSESSMENTS_BOUNDS),
        json_column("factors", "What went into the score.", _RISK_ASSESSMENTS_JSON),
        json_column("recommendations", "What it advises.", _RISK_ASSESSMENTS_JSON, nullable=True),
        text_column(
            "satellite_source",
            "Which satellite.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            size=50,
        ),
        time_column(
            "created_at",
            "When it was made.",
            _RISK_ASSESSMENTS_SINCE,
            OnTime("warning", "A risk is shown as it was before; nobody assesses any more."),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
            nullable=False,
        ),
        time_column("expires_at", "When it stops being valid.", _RISK_ASSESSMENTS_SINCE),
    ),
)

_RISK_ALERTS_ID = Formatted(UUID, "warning", "An alert about no portfolio warns nobody.")

_RISK_ALERTS_MISSING = Required("warning", "An alert that does not say what or how grave is not one.")

RISK_ALERTS = Table(
    name="risk_alerts",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What an owner was warned of.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "An alert listed twice rings twice."),
    required=_RISK_ALERTS_MISSING,
    columns=(
        id_column("id", "The alert.", _RISK_ALERTS_ID),
        id_column(
            "portfolio_id",
            "About which portfolio.",
            _RISK_ALERTS_ID,
            Refers("portfolios.id", "warning", "Nobody hears the alarm."),
        ),
        enum_column(
            "alert_type",
            "risk_alert_type_enum",
            "About which risk.",
            OneOf("warning", "An alert of a kind nobody knows is on no page."),
        ),
        enum_column(
            "severity",
            "severity_enum",
            "How grave.",
            OneOf("warning", "An alert of unknown gravity sorts below the harmless."),
        ),
        text_column("message", "What was said.", Formatted(TEXT, "warning", "A blank warning warns of nothing.")),
        json_column(
            "details",
            "The figures behind it.",
            Formatted(JSON, "warning", "The figures behind an alert cannot be shown."),
            nullable=True,
        ),
        flag_column("is_acknowledged", "Whether it was acknowledged."),
        time_column("acknowledged_at", "When it was acknowledged."),
        id_column("acknowledged_by", "Who did.", _RISK_ALERTS_ID, nullable=True),
        time_column(
            "created_at",
            "When it was raised.",
            _RISK_ALERTS_MISSING,
            Bounded("warning", "An alert from 1970 is open for fifty years in every statistic.", at_least=GENESIS),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
        ),
        time_column("resolved_at", "When it was over."),
    ),
)
