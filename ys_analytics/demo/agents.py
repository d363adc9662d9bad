"""The tables of the eight satellites: agents, tasks and performance.

The performance of a day is counted from its tasks, so the two tables agree.
"""

import json
from datetime import timedelta

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import DAY_SECONDS, moment, moments
from ys_analytics.demo.fixed_point import Ints, frame_of_schema, money_series, rate_series
from ys_analytics.demo.identity import random_generator, row_ids
from ys_analytics.demo.market import Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.world import SATELLITES
from ys_analytics.schemas import TABLES

_TASKS_PER_DAY = 3
# Tasks asked for after this part of the last day are not done yet.
_OPEN_AFTER = 0.6
_ERRORS = ("RPC endpoint timed out", "slippage above the limit", "rate limit reached", "quote expired")
_STATUSES = ("pending", "running", "completed", "failed", "cancelled")
_UTC = pl.Datetime("us", "UTC")


def satellite_agents(market: Market, tasks: pl.DataFrame) -> pl.DataFrame:
    """The table `satellite_agents`, with each satellite's health after the last week's tasks."""
    checked = moment(market.days[-1], DAY_SECONDS - 30)
    created = moment(market.days[0]) - timedelta(days=90)
    recent = tasks.filter(pl.col("created_at") > checked - timedelta(days=7))
    rate = {satellite.id: _success_rate(recent.filter(pl.col("agent_id") == satellite.id)) for satellite in SATELLITES}
    schema = TABLES["satellite_agents"].schema
    columns = {
        "id": [satellite.id for satellite in SATELLITES],
        "name": [satellite.name for satellite in SATELLITES],
        "description": [satellite.description for satellite in SATELLITES],
        "agent_type": [satellite.agent_type for satellite in SATELLITES],
        "implementation_type": [satellite.implementation for satellite in SATELLITES],
        "version": ["1.0.0" for _ in SATELLITES],
        "configuration": [configuration(number) for number in range(len(SATELLITES))],
        "performance_metrics": [
            json.dumps({"success_rate_7d": f"{rate[satellite.id]:.4f}"}) for satellite in SATELLITES
        ],
        "health_status": [health_status(rate[satellite.id]) for satellite in SATELLITES],
        "last_health_check": [checked for _ in SATELLITES],
        "is_active": [True for _ in SATELLITES],
        "created_at": [created for _ in SATELLITES],
        "updated_at": [checked for _ in SATELLITES],
    }
    return pl.DataFrame(columns, schema=schema)


def configuration(number: int) -> str:
    """A satellite's configuration, as JSON."""
    satellite = SATELLITES[number]
    return json.dumps(
        {"max_concurrent_tasks": 4, "task_types": list(satellite.tasks), "timeout_ms": satellite.response_ms * 10}
    )


def health_status(success: float) -> str:
    """The health status of a success rate.

    >>> health_status(0.97), health_status(0.85), health_status(0.5)
    ('healthy', 'degraded', 'unhealthy')
    """
    if success >= 0.9:  # noqa: PLR2004 - the platform's target
        return "healthy"
    return "degraded" if success >= 0.7 else "unhealthy"  # noqa: PLR2004


def agent_tasks(portfolios: Portfolios, market: Market, *, seed: int) -> pl.DataFrame:
    """The table `agent_tasks`: up to six a satellite and day, more when the market is afraid."""
    rng = random_generator(seed, "tasks")
    days = market.days.size
    count = rng.poisson(_TASKS_PER_DAY * (1.0 + market.fear[None, :]), (len(SATELLITES), days))
    agent, day = (np.repeat(index.ravel(), count.ravel()) for index in np.indices(count.shape))
    created_second = rng.integers(0, DAY_SECONDS - 600, agent.size)
    status = _status(rng, agent, (day == days - 1) & (created_second > DAY_SECONDS * _OPEN_AFTER), market.fear[day])
    wait_seconds = rng.integers(1, 90, agent.size)
    task_seconds = np.clip((rng.lognormal(0.0, 0.5, agent.size) * 40).astype(np.int64), 1, 400)
    kind = rng.integers(0, 2, agent.size)
    subject = rng.integers(0, portfolios.size, agent.size)
    created = moments(market.days[day], created_second)
    started = _null_unless(status != 0, created + pl.Series(wait_seconds * 1_000_000).cast(pl.Duration("us")))
    has_ended = np.isin(status, [2, 3])
    completed = _null_unless(has_ended, started + pl.Series(task_seconds * 1_000_000).cast(pl.Duration("us")))
    schema = TABLES["agent_tasks"].schema
    tasks = frame_of_schema(
        {
            "id": row_ids(seed, "tasks", agent.size),
            "agent_id": pl.Series([satellite.id for satellite in SATELLITES]).gather(agent),
            "task_type": [SATELLITES[number].tasks[task] for number, task in zip(agent, kind, strict=True)],
            "priority": pl.Series(rng.integers(1, 11, agent.size)).cast(pl.Int32),
            "payload": [json.dumps({"portfolio_id": portfolios.ids[number]}) for number in subject],
            "status": pl.Series(_STATUSES).gather(status).cast(schema["status"]),
            "started_at": started,
            "completed_at": completed,
            "error_message": _null_unless(status == 3, pl.Series(_ERRORS).gather(agent % len(_ERRORS))),  # noqa: PLR2004
            "result": _null_unless(
                status == 2,  # noqa: PLR2004
                pl.Series([json.dumps({"seconds": int(seconds)}) for seconds in task_seconds]),
            ),
            "created_at": created,
        },
        schema,
    )
    return tasks.sort("created_at", "id")


def satellite_performance(tasks: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """The table `satellite_performance`: three measures a satellite and day on which a task ended, from its tasks."""
    rng = random_generator(seed, "performance")
    per_day = (
        tasks.filter(pl.col("status").cast(pl.String).is_in(["completed", "failed"]))
        .group_by(pl.col("created_at").dt.date().alias("day"), "agent_id")
        .agg(
            completed=(pl.col("status") == "completed").sum(),
            failed=(pl.col("status") == "failed").sum(),
            seconds=(pl.col("completed_at") - pl.col("started_at")).dt.total_seconds().mean(),
        )
        .sort("agent_id", "day")
    )
    rows = per_day.height
    usual_milliseconds = np.array(
        [{satellite.id: satellite.response_ms for satellite in SATELLITES}[agent] for agent in per_day["agent_id"]]
    )
    response = np.maximum(1, (usual_milliseconds * rng.lognormal(0.0, 0.2, rows)).astype(np.int64))
    shared = {
        "timestamp": per_day["day"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        + timedelta(seconds=DAY_SECONDS - 1),
        "agent_id": per_day["agent_id"],
        "response_time_ms": pl.Series(response).cast(pl.UInt32),
        "success_rate": rate_series(
            (per_day["completed"] / (per_day["completed"] + per_day["failed"])).to_numpy(),
            scale=4,
            dtype=pl.Decimal(18, 4),
        ),
        "error_count": per_day["failed"].cast(pl.UInt32),
        "metadata": pl.Series([[{"key": "version", "value": "1.0.0"}]]).new_from_index(0, rows),
    }
    measures = {
        "mean_task_seconds": per_day["seconds"].to_numpy(),
        "tasks_completed": per_day["completed"].cast(pl.Float64).to_numpy(),
        "value_added_usd": per_day["completed"].to_numpy() * rng.normal(14.0, 9.0, rows),
    }
    schema = TABLES["satellite_performance"].schema
    parts = [
        frame_of_schema(
            {
                **shared,
                "metric_name": pl.Series([name]).new_from_index(0, rows),
                "metric_value": money_series(column, scale=4),
            },
            schema,
        )
        for name, column in measures.items()
    ]
    return pl.concat(parts).sort("agent_id", "metric_name", "timestamp")


def _status(rng: np.random.Generator, agent: Ints, open_: np.ndarray, fear: np.ndarray) -> Ints:
    """Number in `_STATUSES`: most tasks complete, more fail in a panic; the last of all are still open."""
    success = np.array([satellite.success_rate for satellite in SATELLITES])[agent] - 0.08 * fear
    draw = rng.random(agent.size)
    final_status = np.where(draw < success, 2, np.where(draw < success + 0.8 * (1.0 - success), 3, 4))
    return np.where(open_, rng.integers(0, 2, agent.size), final_status)


def _success_rate(tasks: pl.DataFrame) -> float:
    completed = tasks.filter(pl.col("status") == "completed").height
    failed = tasks.filter(pl.col("status") == "failed").height
    return completed / max(1, completed + failed)


def _null_unless(mask: np.ndarray, column: pl.Series) -> pl.Series:
    return column.zip_with(pl.Series(mask), pl.Series([None], dtype=column.dtype).new_from_index(0, column.len()))
