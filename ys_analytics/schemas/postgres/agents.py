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
    NotInFuture,
    OneOf,
    OnTime,
    Refers,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import Table

_SATELLITE_AGENTS_TEXT = Formatted(
    TEXT, "warning", "A satellite agent with a blank name or description has no label in tables."
)

_SATELLITE_AGENTS_KIND = OneOf(
    "warning",
    "A satellite agent with an unknown type, implementation or health status is missing from breakdowns by it.",
)

_SATELLITE_AGENTS_JSON = Formatted(
    JSON, "warning", "A satellite agent's configuration or performance that is not valid JSON cannot be audited."
)

_SATELLITE_AGENTS_SINCE = Bounded(
    "warning",
    "A date before 2009 was written with a wrong clock, so the age of a satellite agent or its health check is wrong.",
    at_least=GENESIS,
)

_SATELLITE_AGENTS_MISSING = Required(
    "warning", "A satellite agent without its name, type or version cannot be compared with others."
)

SATELLITE_AGENTS = Table(
    name="satellite_agents",
    store="postgres",
    key=("id",),
    meaning="The eight satellite agents.",
    affects=(),
    rows=Rows(
        8,
        "warning",
        "Fewer than eight satellite agents are registered, so the work of the missing ones is credited to none.",
    ),
    unique=Unique("critical", "A duplicated satellite agent doubles every figure joined to it."),
    required=_SATELLITE_AGENTS_MISSING,
    columns=(
        text_column(
            "id",
            "The satellite: sage, forge, pulse, and so on.",
            Formatted(LABEL, "warning", "A malformed agent id splits one satellite agent's records into two groups."),
            size=50,
        ),
        text_column("name", "Its full name.", _SATELLITE_AGENTS_TEXT, size=255),
        text_column("description", "What it does.", _SATELLITE_AGENTS_TEXT, nullable=True),
        enum_column("agent_type", "agent_type_enum", "Its trade.", _SATELLITE_AGENTS_KIND),
        enum_column("implementation_type", "implementation_type_enum", "How it is built.", _SATELLITE_AGENTS_KIND),
        text_column(
            "version",
            "Which build runs.",
            Formatted(
                VERSION,
                "warning",
                "A change in a satellite agent's results cannot be traced to a release without a valid version.",
            ),
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

_AGENT_TASKS_LABEL = Formatted(
    LABEL,
    "warning",
    "An identifier that is blank or contains spaces splits the statistics of one agent, task type or metric into two "
    "groups.",
)

_AGENT_TASKS_JSON = Formatted(JSON, "warning", "A task's input or output that is not valid JSON cannot be audited.")

_AGENT_TASKS_MISSING = Required(
    "warning", "A task without its id, agent, type or status is left out of every agent's statistics."
)

AGENT_TASKS = Table(
    name="agent_tasks",
    store="postgres",
    key=("id",),
    time="created_at",
    meaning="What the satellites were asked to do, and how it went.",
    affects=(),
    unique=Unique("warning", "A duplicated task is counted twice in its agent's statistics."),
    required=_AGENT_TASKS_MISSING,
    columns=(
        id_column(
            "id",
            "The task.",
            Formatted(UUID, "warning", "Queues refer to tasks by UUID, so a task with any other id is never found."),
        ),
        text_column(
            "agent_id",
            "Which satellite.",
            _AGENT_TASKS_LABEL,
            Refers(
                "satellite_agents.id",
                "warning",
                "A task of an unknown satellite agent is missing from every agent's statistics.",
            ),
            size=50,
        ),
        text_column("task_type", "What was asked.", _AGENT_TASKS_LABEL, size=100),
        count_column(
            "priority",
            "1 first, 10 last.",
            Bounded(
                "warning",
                "A task whose priority is outside 1 to 10 is sorted wrongly, so urgent tasks may wait behind it.",
                at_least=1,
                at_most=10,
            ),
        ),
        json_column("payload", "With which input.", _AGENT_TASKS_JSON),
        enum_column(
            "status",
            "task_status_enum",
            "How far it is.",
            OneOf("warning", "A task with an unknown status is counted neither as open nor as completed."),
        ),
        time_column("started_at", "When work began."),
        time_column("completed_at", "When work ended."),
        text_column("error_message", "Why it failed.", nullable=True),
        json_column("result", "What came of it.", _AGENT_TASKS_JSON, nullable=True),
        time_column(
            "created_at",
            "When it was asked.",
            _AGENT_TASKS_MISSING,
            Bounded(
                "warning",
                "A task dated before 2009 appears to have waited for decades and inflates waiting times.",
                at_least=GENESIS,
            ),
            OnTime("warning", "No new tasks are being recorded, so agents look idle or keep an old backlog."),
            NotInFuture(
                "warning",
                "A row dated in the future is left out of every weekly figure. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
    ),
)
