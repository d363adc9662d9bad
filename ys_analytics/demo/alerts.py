"""The tables of risk assessments and alerts, derived from measured risk.

Knows limits and texts; measures nothing. An assessment is written each Sunday and on the day a limit is
crossed; an alert is raised on that day and resolved on the first day back inside the limit.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import moment, moments
from ys_analytics.demo.fixed_point import Flags, Floats, frame_of_schema, rate_series
from ys_analytics.demo.identity import name_id, row_ids
from ys_analytics.demo.market import Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.risk import Risks, liquidation_score
from ys_analytics.demo.users import user_id
from ys_analytics.schemas import TABLES

# Written in the second of the close the measures are of.
_CLOSE_SECOND = 86_399
_VALIDITY = timedelta(days=7)

# Confidence in what is counted (below a limit) and in what is estimated.
_CONFIDENCE = {True: 0.95, False: 0.85}
# The score above which an assessment has advice.
_MIN_SCORE_FOR_ADVICE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit on a measure, with severities.

    Attributes:
        alert: The value of `alert_type`.
        assessment: The value of `assessment_type`.
        satellite: The satellite that watches it.
        measure: Name of the measure, as in the details.
        below: Whether it is crossed downwards.
        levels: Severity and the value at which it begins, mildest first.
        advice: What the satellite recommends.
    """

    alert: str
    assessment: str
    satellite: str
    measure: str
    below: bool
    levels: tuple[tuple[str, float], ...]
    advice: str

    def level(self, value: Floats) -> np.ndarray:
        """The number of levels that each value has crossed; 0 inside the limit and where nothing is measured."""
        bounds = np.array([bound for _, bound in self.levels])
        crossed = value[..., None] < bounds if self.below else value[..., None] > bounds
        count: np.ndarray = crossed.sum(axis=-1)
        return count


LIMITS = (
    Limit(alert="liquidation_risk", assessment="liquidation", satellite="aegis", measure="liquidation_distance",
          below=True, levels=(("medium", 0.30), ("high", 0.22), ("critical", 0.15)),
          advice="repay debt or add collateral"),
    Limit(alert="high_correlation", assessment="correlation", satellite="sage", measure="correlation_score",
          below=False, levels=(("low", 0.80), ("medium", 0.90)), advice="hold assets that move apart"),
    Limit(alert="protocol_risk", assessment="protocol", satellite="oracle", measure="protocol_risk_score",
          below=False, levels=(("low", 0.22), ("medium", 0.30), ("high", 0.40)), advice="leave the riskiest pool"),
    Limit(alert="unusual_activity", assessment="market", satellite="aegis", measure="loss_in_units_of_var",
          below=False, levels=(("medium", 1.5), ("high", 2.5), ("critical", 4.0)), advice="review the day"),
)  # fmt: skip


def measures(risks: Risks) -> tuple[Floats, ...]:
    """The measure of each limit, in the order of `LIMITS`, shape (portfolios, days); not a number where unmeasured."""
    # The loss of a day against the value at risk of the day before.
    before = np.concatenate([np.full((risks.var.shape[0], 1), np.nan), risks.var_fraction[:, :-1]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(before > 0, -risks.returns / before, np.nan)
    rows = (risks.distance, risks.correlation, risks.protocol_risk, loss)
    return tuple(np.where(risks.measured, row, np.nan) for row in rows)


def risk_assessments(portfolios: Portfolios, market: Market, risks: Risks, *, seed: int) -> pl.DataFrame:
    """The table `risk_assessments`: each risk of each portfolio on Sundays and when a limit is crossed."""
    sunday = (market.days.astype("datetime64[D]").astype(np.int64) + 3) % 7 == 6  # noqa: PLR2004 - Monday is 0
    parts = []
    for limit, measure in zip(LIMITS, measures(risks), strict=True):
        portfolio, day = np.nonzero(_is_measured(measure) & (sunday[None, :] | _crossed_today(limit, measure)))
        score = _risk_scores(limit, measure)[portfolio, day]
        created = moments(market.days[day], np.full(day.size, _CLOSE_SECOND))
        values = pl.Series("seen", np.round(measure[portfolio, day], 8))
        parts.append(
            {
                "id": row_ids(seed, f"assessments of {limit.assessment}", portfolio.size),
                "portfolio_id": pl.Series(portfolios.ids, dtype=pl.String).gather(portfolio),
                "assessment_type": _repeated(limit.assessment, portfolio.size),
                "risk_score": rate_series(score, scale=4, dtype=pl.Decimal(5, 4)),
                "confidence_level": rate_series(
                    np.full(portfolio.size, _CONFIDENCE[limit.below]), scale=4, dtype=pl.Decimal(5, 4)
                ),
                "factors": '{"' + limit.measure + '": "' + values.cast(pl.String) + '"}',
                "recommendations": _repeated(json.dumps({"advice": limit.advice}), portfolio.size).zip_with(
                    pl.Series(score > _MIN_SCORE_FOR_ADVICE), _repeated("{}", portfolio.size)
                ),
                "satellite_source": _repeated(limit.satellite, portfolio.size),
                "created_at": created,
                "expires_at": created + _VALIDITY,
            }
        )
    schema = TABLES["risk_assessments"].schema
    rows = pl.concat([pl.DataFrame(part).cast({"assessment_type": schema["assessment_type"]}) for part in parts])
    return frame_of_schema(rows.to_dict(), schema).sort("created_at", "id")


def risk_alerts(portfolios: Portfolios, market: Market, risks: Risks, *, seed: int) -> pl.DataFrame:
    """The table `risk_alerts`: one for each time a limit was crossed; its severity is the worst it came to."""
    rows = []
    for limit, measure in zip(LIMITS, measures(risks), strict=True):
        levels = limit.level(measure)
        for portfolio, day in zip(*np.nonzero(_crossed_today(limit, measure)), strict=True):
            days_inside = np.flatnonzero(levels[portfolio, day:] == 0)
            end = int(day + days_inside[0]) if days_inside.size else None
            worst = int(levels[portfolio, day:end].max()) - 1
            rows.append(
                _alert(
                    portfolios,
                    market,
                    limit,
                    measure,
                    portfolio=int(portfolio),
                    day=int(day),
                    end=end,
                    worst=worst,
                    seed=seed,
                )
            )
    return _frame("risk_alerts", rows, order=["created_at", "id"])


def _alert(
    portfolios: Portfolios,
    market: Market,
    limit: Limit,
    measure: Floats,
    *,
    portfolio: int,
    day: int,
    end: int | None,
    worst: int,
    seed: int,
) -> dict[str, object]:
    raised = moment(market.days[day], _CLOSE_SECOND)
    severity, bound = limit.levels[worst]
    # No alert is seen after the demo's end.
    acknowledged = (end is not None or worst > 0) and day < market.days.size - 1
    return {
        "id": name_id("alert", seed, portfolio, limit.alert, market.days[day]),
        "portfolio_id": portfolios.ids[portfolio],
        "alert_type": limit.alert,
        "severity": severity,
        "message": f"{limit.measure.replace('_', ' ')} {measure[portfolio, day]:.4f}, limit {limit.levels[0][1]:.2f}: "
        f"{limit.advice}",
        "details": json.dumps(
            {
                "measure": limit.measure,
                "value": f"{measure[portfolio, day]:.8f}",
                "limit": f"{limit.levels[0][1]:.4f}",
                "worst_limit_crossed": f"{bound:.4f}",
            }
        ),
        "is_acknowledged": acknowledged,
        "acknowledged_at": raised + timedelta(hours=3) if acknowledged else None,
        "acknowledged_by": user_id(seed, int(portfolios.owners[portfolio])) if acknowledged else None,
        "created_at": raised,
        "resolved_at": None if end is None else moment(market.days[end], _CLOSE_SECOND),
    }


def _crossed_today(limit: Limit, measure: Floats) -> Flags:
    """Days on which the limit is crossed and the last measured day it was not."""
    levels = limit.level(measure)
    before = np.concatenate([np.zeros((levels.shape[0], 1), dtype=levels.dtype), levels[:, :-1]], axis=1)
    raised: Flags = (levels > 0) & (before == 0)
    return raised


def _repeated(text: str, count: int) -> pl.Series:
    return pl.Series([text], dtype=pl.String).new_from_index(0, count)


def _is_measured(measure: Floats) -> Flags:
    known: Flags = ~np.isnan(measure)
    return known


def _risk_scores(limit: Limit, measure: Floats) -> Floats:
    """A risk score from 0 to 1 that grows with the measure."""
    if limit.below:
        return np.clip(liquidation_score(measure), 0.0, 1.0)
    worst = limit.levels[-1][1]
    return np.clip(measure / worst * 0.8, 0.0, 1.0)


def _frame(table: str, rows: list[dict[str, object]], *, order: list[str]) -> pl.DataFrame:
    schema = TABLES[table].schema
    typed = pl.DataFrame(rows, schema={name: _read_type(dtype) for name, dtype in schema.items()}, strict=False)
    return frame_of_schema(typed.cast(dict(schema)).sort(order).to_dict(), schema)  # type: ignore[arg-type]


def _read_type(dtype: pl.DataType) -> pl.DataType:
    """The type rows are first read as: a Decimal from its float."""
    return pl.Float64() if dtype.is_decimal() else dtype
