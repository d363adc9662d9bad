"""Verbs of a desk on what its figures rest on: findings, sources, metrics not shown and provenance.

Depends on `desk.findings` and `desk.provenance`; gives frames.
"""

from functools import cached_property

import polars as pl

from ys_analytics.desk import findings, provenance, week_end
from ys_analytics.desk.verbs.activity import ActivityVerbs
from ys_analytics.schemas import QUARTER, TABLES, Finding, unknown_name
from ys_analytics.schemas.arguments import checked

# What the findings of the bridge are called.
_BRIDGE = "pnl_identity"


class EvidenceVerbs(ActivityVerbs):
    """Findings and warnings, suites, metrics not shown, glossary, sources and provenance."""

    def findings(self) -> pl.DataFrame:
        """Findings of the run's suites, if there is a run, and the bridge's of this portfolio."""
        return findings.listed(self._all_findings)

    @checked
    def warnings(self, *tables: str, recent: bool = False) -> tuple[str, ...]:
        """Warnings for a view of these tables: a line for each failed rule that affects this portfolio.

        Args:
            tables: Names of tables, or `pnl_identity` for the bridge.
            recent: Leave out findings wholly older than a quarter before the week's end: the view shows the week.

        Raises:
            UsageError: there is no such table.
        """
        if unknown := [name for name in tables if name not in TABLES and name != _BRIDGE]:
            raise unknown_name(unknown[0], [*TABLES, _BRIDGE], what="table", listed="`ys catalog`")
        if "portfolio_positions" in tables and self._holdings.origin != "platform":
            tables = tuple(name for name in tables if name != "portfolio_positions")
        since = self.span.end - QUARTER if recent else None
        return findings.warnings(self._all_findings, tables, portfolio=self.id, assets=self._exposed, since=since)

    @cached_property
    def _exposed(self) -> dict[str, str]:
        """The symbol of each asset whose prices matter to the portfolio, by its id."""
        is_exposed = pl.col("id").is_in(self._quotes["asset_id"].unique().to_list())
        return dict(self._assets.filter(is_exposed).select("id", "symbol").iter_rows())

    def suites(self) -> pl.DataFrame:
        """Each suite's count of rules that passed, failed or were not tested."""
        return findings.suites(self.findings())

    @cached_property
    def _all_findings(self) -> list[Finding]:
        return [*findings.for_portfolio(findings.read(self.source.folder), self.id), self.residual()]

    def refusals(self) -> pl.DataFrame:
        """Metrics not shown, with the reason."""
        flows = self.flows().filter(pl.col("amount").is_null())
        unpriced = [("External flow", "since inception", reason) for reason in flows["reason"].to_list()]
        return provenance.refusals(self.performance(), unpriced)

    def glossary(self) -> pl.DataFrame:
        """Formula, sample and source of each metric."""
        return provenance.glossary()

    def sources(self) -> pl.DataFrame:
        """Rows, latest time and as-of of each frame read."""
        return self.source.read()

    def provenance(self) -> pl.DataFrame:
        """Versions of program, schema and libraries, commit, and settings."""
        rate = f"{self._settings.risk_free:.2%} a year, simple".replace("%", "\N{NO-BREAK SPACE}%")
        return provenance.software_and_settings(
            [
                ("Portfolio", self.id),
                ("Read from", self.source.label),
                ("Week", self.week),
                ("Holdings from", week_end.ORIGINS[self._holdings.origin]),
                *self.source.versions(),
                ("Risk-free rate", rate),
            ]
        )
