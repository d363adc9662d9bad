"""How the satellite agents worked in the week: the desk's frame of them.

Frames in, frames out; opens nothing.
"""

import polars as pl

from ys_analytics.schemas import Span

_EXPIRED = "the cache says nothing: it expires after 60 seconds"


def satellites(
    agents: pl.DataFrame, tasks: pl.DataFrame, measured: pl.DataFrame, health: pl.DataFrame, *, span: Span
) -> pl.DataFrame:
    """One row a satellite: how it is, what it was asked in the week, how it went and how fast.

    Args:
        agents: `satellite_agents`.
        tasks: `agent_tasks`.
        measured: `satellite_performance`.
        health: `redis_agent_health`.
        span: The week.
    """
    status = pl.col("status").cast(pl.String)
    asked = tasks.filter(_within("created_at", span)).group_by("agent_id", maintain_order=True).agg(
        tasks=pl.len().cast(pl.Int64),
        completed=(status == "completed").sum().cast(pl.Int64),
        failed=(status == "failed").sum().cast(pl.Int64),
    )  # fmt: skip
    worked = measured.filter(_within("timestamp", span)).group_by("agent_id", maintain_order=True).agg(
        success=pl.col("success_rate").cast(pl.Float64).mean(),
        response=pl.col("response_time_ms").cast(pl.Float64).median(),
        errors=pl.col("error_count").sum().cast(pl.Int64),
    )  # fmt: skip
    cached = health.filter(pl.col("field") == "status").select("agent_id", cached="value")
    return (
        agents.select(agent_id="id", name="name", kind=pl.col("agent_type").cast(pl.String), version="version",
                      health=pl.col("health_status").cast(pl.String))
        .join(cached, on="agent_id", how="left", maintain_order="left")
        .join(asked, on="agent_id", how="left", maintain_order="left")
        .join(worked, on="agent_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("tasks", "completed", "failed").fill_null(0),
            unmeasured=pl.when(pl.col("success").is_null()).then(pl.lit("nothing was measured in the week")),
            uncached=pl.when(pl.col("cached").is_null()).then(pl.lit(_EXPIRED)),
        )
        .sort("agent_id")
    )  # fmt: skip


def _within(column: str, span: Span) -> pl.Expr:
    return pl.col(column).is_between(span.start, span.end, closed="left")
