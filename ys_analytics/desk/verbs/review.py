"""Verbs of a desk on what changed since last week and what needs a decision.

Depends on the other verbs, on the desk of the week before and on the page it printed; gives frames.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import polars as pl

from ys_analytics.desk import activity, attention, changes, limits, pools, previous_page, returns, target
from ys_analytics.desk.sources import Frozen, Truncated, sibling_run
from ys_analytics.desk.verbs.comparison import ComparisonVerbs
from ys_analytics.desk.verbs.evidence import EvidenceVerbs
from ys_analytics.desk.verbs.risk import RiskVerbs
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Span


class ReviewVerbs(ComparisonVerbs, RiskVerbs, EvidenceVerbs):
    """Changes against the week before, limits, and the questions of page one."""

    def change_of_value(self) -> pl.DataFrame:
        """The week's change of value by reason: market, trades, yield, fees, gas, flows, restated data, method."""
        last_run = self._last_run
        stated = printed = None
        if last_run is not None:
            values = last_run.daily_values()
            stated = values["value"][-1] if values.height else None
            printed = previous_page.value(self._last_page)
        return changes.split(self.bridge(), stated=stated, printed=printed)

    def changes(self) -> pl.DataFrame:
        """Changes since last week of return and risk, weights, quoted yields, alerts and failed checks."""
        monday, last_run = self.days[0], self._last_run
        return pl.concat(
            [
                changes.headline(
                    self.daily_returns,
                    monday=monday,
                    risk_free=self._settings.risk_free,
                    previous_run=None if last_run is None else last_run.daily_returns,
                    printed=previous_page.since_inception(self._last_page),
                ),
                changes.weights(self.changed_positions()),
                changes.yields(self.pools(), self._pools_before()),
                changes.alerts(activity.alerts_as_of(self._rows("risk_alerts"), end=self.span.end), monday=monday),
                changes.findings(self.findings(), None if last_run is None else last_run.findings()),
            ]
        )

    def changed_positions(self) -> pl.DataFrame:
        """Each position last week and now, with a note: opened, closed, more, less."""
        opened = self._portfolio_row["created_at"]
        if opened is not None and opened >= self.span.start:
            return changes.positions(self.positions(), self.positions().clear(), unknown=self.unknown)
        last_week = self._week_before
        unknown = self.unknown or (last_week.unknown and f"last week: {last_week.unknown}")
        return changes.positions(self.positions(), last_week.positions(), unknown=unknown)

    def limits(self) -> pl.DataFrame:
        """Each limit with the current figure, the week's worst and the platform's alert."""
        return limits.limits(
            returns.against_limit(self.daily_returns, self.limit, week=self.days),
            self.limit,
            self.loans(),
            self.alerts(),
            unknown=self.unknown,
        )

    def attention(self) -> pl.DataFrame:
        """The questions of page one: what is at risk, what needs a decision, whether the numbers can be trusted."""
        measures = {row["metric"]: row for row in self.performance().iter_rows(named=True)}
        risk_now, total = measures["value_at_risk"], measures["total_return"]
        drift = self.drift()
        return attention.attention(
            value_at_risk={"value": risk_now["since"], "reason": risk_now["since_reason"]},
            limits=self.limits(),
            loans=self.loans(),
            drift=drift,
            turnover=None if self.unknown else target.turnover_to_target(drift),
            alerts=self.alerts(),
            findings=self.findings(),
            coverage=total["since_coverage"],
            unknown=self.unknown,
            end=self.span.end,
        )

    def _pools_before(self) -> pl.DataFrame:
        quotes = self.source.rows("yield_metrics")
        return pools.pools_in_use(self.positions(), quotes, end=self.span.start)

    @cached_property
    def _week_before(self) -> "ReviewVerbs":
        """The desk of the week before over this week's data.

        Raises:
            UsageError: the portfolio was opened only in this week.
        """
        source = Truncated(self.source, Span.until(self.span.start))
        return type(self)(source=source, portfolio_id=self.id, week=self.week.before, settings=self._settings)

    @property
    def _last_run(self) -> "ReviewVerbs | None":
        """The desk of the week before over that week's own run; None where the folder holds no such run."""
        if "desk" not in self._last_run_cache:
            week = self.week.before
            run = sibling_run(self.source.folder, week)
            # Looked for again next time: the run of that week may be made while this desk is open.
            if run is None:
                return None
            desk = type(self)(source=Frozen(run), portfolio_id=self.id, week=week, settings=self._settings)
            try:
                desk.look_up()
            except UsageError:
                return None
            self._last_run_cache["desk"] = desk
        return self._last_run_cache["desk"]

    @cached_property
    def _last_run_cache(self) -> "dict[str, ReviewVerbs]":
        return {}

    @property
    def _last_page(self) -> Mapping[str, Any]:
        """The data JSON of the page printed the week before; empty where there is none."""
        folder = self.source.folder
        return previous_page.page_of(None if folder is None else folder.parent / self.week.before, self.id)
