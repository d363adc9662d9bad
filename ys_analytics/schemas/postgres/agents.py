"""Satellite agents and their tasks.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.postgres.columns import (
    count_column,
    enum_column,
    flag_column,
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
    VERSION,
    Bounded,
    Formatted,
    NotAhead,
    OneOf,
    OnTime,
    Refers,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import Table

_SATELLITE_AGENTS_TEXT = Formatted(TEXT, "warning", "A blank label reads as a broken page.")

_SATELLITE_AGENTS_KIND = OneOf("warning", "A satellite of unknown trade, build or health falls out of its table.")

_SATELLITE_AGENTS_JSON = Formatted(JSON, "warning", "How a satellite is set, or what it claims, cannot be audited.")

_SATELLITE_AGENTS_SINCE = Bounded("warning", "A health check from 1970 was never made.", at_least=GENESIS)

_SATELLITE_AGENTS_MISSING = Required("warning", "A satellite without a name, trade or version cannot be compared.")

SATELLITE_AGENTS = Table(
    name="satellite_agents",
    store="postgres",
    key=("id",),
    meaning="The eight satellite agents.",
    affects=(),
    rows=Rows(8, "warning", "Work of a satellite that is not registered is credited to nobody."),
    unique=Unique("critical", "A satellite registered twice does everything twice."),
    required=_SATELLITE_AGENTS_MISSING,
    columns=(
        text_column(
            "id",
            "The satellite: sage, forge, pulse, and so on.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            size=50,
        ),
        text_column("name", "Its full name.", _SATELLITE_AGENTS_TEXT, size=255),
        text_column("description", "What it does.", _SATELLITE_AGENTS_TEXT, nullable=True),
        enum_column("agent_type", "agent_type_enum", "Its trade.", _SATELLITE_AGENTS_KIND),
        enum_column("implementation_type", "implementation_type_enum", "How it is built.", _SATELLITE_AGENTS_KIND),
        text_column(
            "version",
            "Which build runs.",
            Formatted(VERSION, "warning", "A change in behaviour cannot be laid to a build that is not named."),
            size=50,
        ),
        json_column("configuration", "How it is set.", _SATELLITE_AGENTS_JSON),
        json_column("performance_metrics", "What it says of itself.", _SATELLITE_AGENTS_JSON, nullable=True),
        enum_column("health_status", "health_status_enum", "How it is.", _SATELLITE_AGENTS_KIND, nullable=True),
        time_column("last_health_check", "When that was asked.", _SATELLITE_AGENTS_SINCE),
        flag_column("is_active", "Whether it runs.", _SATELLITE_AGENTS_MISSING),
        time_column("created_at", "When it was registered.", _SATELLITE_AGENTS_SINCE),
        time_column("updated_at", "When it last changed.", _SATELLITE_AGENTS_SINCE),
    ),
)

_AGENT_TASKS_LABEL = Formatted(LABEL, "warning", "Two spellings split one record in two.")

_AGENT_TASKS_JSON = Formatted(JSON, "warning", "What a task was given, or gave, cannot be audited.")

_AGENT_TASKS_MISSING = Required("warning", "A task without its satellite, kind or state is nobody's.")

AGENT_TASKS = Table(
    name="agent_tasks",
    store="postgres",
    key=("id",),
    time="created_at",
    meaning="What the satellites were asked to do, and how it went.",
    affects=(),
    unique=Unique("warning", "A task listed twice is done twice as often."),
    required=_AGENT_TASKS_MISSING,
    columns=(
        id_column(
            "id", "The task.", Formatted(UUID, "warning", "A queue names tasks by UUID; others are never found.")
        ),
        text_column(
            "agent_id",
            "Which satellite.",
            _AGENT_TASKS_LABEL,
            Refers("satellite_agents.id", "warning", "A task is nobody's."),
            size=50,
        ),
        text_column("task_type", "What was asked.", _AGENT_TASKS_LABEL, size=100),
        count_column(
            "priority",
            "1 first, 10 last.",
            Bounded("warning", "Urgent work waits behind a priority off the scale.", at_least=1, at_most=10),
        ),
        json_column("payload", "With which input.", _AGENT_TASKS_JSON),
        enum_column(
            "status",
            "task_status_enum",
            "How far it is.",
            OneOf("warning", "A task in a state nobody knows is neither done nor open."),
        ),
        time_column("started_at", "When work began."),
        time_column("completed_at", "When work ended."),
        text_column("error_message", "Why it failed.", nullable=True),
        json_column("result", "What came of it.", _AGENT_TASKS_JSON, nullable=True),
        time_column(
            "created_at",
            "When it was asked.",
            _AGENT_TASKS_MISSING,
            Bounded("warning", "A task from 1970 waits for ever.", at_least=GENESIS),
            OnTime("warning", "Satellites look idle, or busy, because nobody writes down what they do."),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
        ),
    ),
)
