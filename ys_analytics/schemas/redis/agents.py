"""Satellite agents: health, tasks, performance and configuration.

Depends on the columns of this package; opens no Redis.
"""

from ys_analytics.schemas.redis.columns import AGENT, MEASUREMENT, METRIC, TTL, position_column, text_column
from ys_analytics.schemas.rules import JSON, LABEL, UUID, Bounded, Formatted, OneOf, Refers, Required, Unique
from ys_analytics.schemas.table import KeyFamily

_AGENT_PERF_LABEL = Formatted(
    LABEL,
    "warning",
    "An identifier that is blank or contains spaces splits the statistics of one agent, task type or metric into two "
    "groups.",
)

FAMILIES = (
    KeyFamily(
        name="redis_agent_health",
        store="redis",
        pattern="agent:health:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "field"),
        meaning="How each satellite is.",
        affects=(),
        holds="A satellite agent's health status",
        unique=Unique(
            "warning", "A satellite agent has two values for one health field, and which one is shown is arbitrary."
        ),
        required=Required("warning", "A satellite agent whose health record is incomplete may be shown as healthy."),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "A malformed agent id splits one satellite agent into two."),
                Refers(
                    "satellite_agents.id", "warning", "The health status of an unregistered satellite agent is shown."
                ),
            ),
            text_column(
                "field",
                "status, last_check or version.",
                OneOf(
                    "warning",
                    "Health fields with an unknown name are not read.",
                    ("status", "last_check", "version"),
                ),
            ),
            text_column("value", "What it says."),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_tasks",
        store="redis",
        pattern="agent:tasks:{agent_id}:pending",
        kind="list",
        ttl=60,
        key=("agent_id", "position"),
        meaning="Tasks each satellite has yet to begin.",
        affects=(),
        holds="A satellite agent's task queue",
        unique=Unique("warning", "A task queued twice is run twice."),
        required=Required("warning", "A queue entry without a task id is never processed."),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "A malformed agent id splits one satellite agent's queue into two."),
                Refers(
                    "satellite_agents.id",
                    "warning",
                    "A task queue belongs to an unregistered satellite agent, so its tasks are never run.",
                ),
            ),
            position_column(
                "Place in the queue, 0 first.",
                Bounded(
                    "warning",
                    "A queue longer than a million tasks is not being processed.",
                    at_least=0,
                    at_most=1_000_000,
                ),
            ),
            text_column(
                "task_id",
                "Which task.",
                Formatted(UUID, "warning", "A queued task whose id is not a UUID is not found in the task table."),
                Refers(
                    "agent_tasks.id",
                    "warning",
                    "A queued task is missing from the task table, so its agent cannot look it up.",
                ),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_perf",
        store="redis",
        pattern="agent:perf:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "metric"),
        meaning="Cached performance of each satellite.",
        affects=(),
        holds="A cached performance figure",
        unique=Unique("warning", "One metric has two values, and which one is used is arbitrary."),
        required=Required("warning", "A performance value without its agent, metric or amount cannot be compared."),
        columns=(
            AGENT.with_rules(
                _AGENT_PERF_LABEL,
                Refers("satellite_agents.id", "warning", "Performance of an unregistered satellite agent is shown."),
            ),
            METRIC.with_rules(_AGENT_PERF_LABEL),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled value makes every other value in the table unreadable.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_config",
        store="redis",
        pattern="agent:config:{agent_id}",
        kind="string",
        ttl=3600,
        key=("agent_id",),
        meaning="How each satellite is set.",
        affects=(),
        holds="A satellite agent's configuration",
        unique=Unique("warning", "A satellite agent has two configurations, and which one it uses is arbitrary."),
        required=Required(
            "warning", "A satellite agent without a configuration keeps its previous or default settings."
        ),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "A configuration under a malformed agent id reaches no satellite agent."),
                Refers(
                    "satellite_agents.id",
                    "warning",
                    "The configuration of an unregistered satellite agent is never applied.",
                ),
            ),
            text_column(
                "config",
                "The settings, as JSON.",
                Formatted(JSON, "warning", "A configuration that is not valid JSON is not applied."),
            ),
            TTL,
        ),
    ),
)
