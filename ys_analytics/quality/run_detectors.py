"""Runs the detectors of a suite: a snapshot in, findings out."""

from collections.abc import Iterator

import polars as pl

from ys_analytics.quality import attribution
from ys_analytics.quality.checks import MAX_SAMPLE, one_line, short_text
from ys_analytics.quality.suite_types import Detector, Snapshot, Suite
from ys_analytics.schemas import NOTHING_TO_CHECK, Finding


def run_detectors(suite: Suite, snapshot: Snapshot) -> Iterator[Finding]:
    """The finding of every detector of one suite."""
    for detector in suite.detectors:
        missing_tables = sorted(set(detector.needs) - set(snapshot.files))
        if missing_tables:
            not_run = _finding(suite, detector, outcome="error", observed=f"{missing_tables[0]} is not in this run")
            yield attribution.about_whole_table(not_run, detector.columns)
            continue
        try:
            failing_rows = detector.find(snapshot)
            finding = _to_finding(suite, detector, failing_rows, snapshot)
        except Exception as error:  # noqa: BLE001 - a detector that fell over has not passed anything
            error_finding = _finding(
                suite, detector, outcome="error", observed=one_line(f"{type(error).__name__}: {error}")
            )
            yield attribution.about_whole_table(error_finding, detector.columns)
            continue
        yield finding


def _to_finding(suite: Suite, detector: Detector, failing_rows: pl.DataFrame, snapshot: Snapshot) -> Finding:
    """The finding of a detector: passed where it gave no row; else count, the worst row, and every key affected."""
    checked = snapshot.frame(attribution.table_of(suite.name, detector.columns)).height
    if failing_rows.is_empty():
        observed = "" if checked else NOTHING_TO_CHECK
        return _finding(suite, detector, outcome="passed", checked=checked, observed=observed)
    sample = [
        {name: short_text(value) for name, value in row.items()} for row in failing_rows.head(MAX_SAMPLE).to_dicts()
    ]
    observed = (
        f"{failing_rows.height:,} found: {sample[0]['said']}"
        if "said" in failing_rows.columns
        else f"{failing_rows.height:,} found"
    )
    finding = _finding(
        suite, detector, outcome="failed", observed=observed, rows=failing_rows.height, sample=sample, checked=checked
    )
    return attribution.FrameKeys(snapshot.frame).attribute(finding, detector.columns, failing_rows)


def _finding(suite: Suite, detector: Detector, **result: object) -> Finding:
    values: dict[str, object] = {"rows": {"passed": 0}.get(str(result["outcome"]), -1), **result}
    return Finding(
        suite=suite.name,
        rule=detector.rule,
        column=", ".join(detector.columns),
        severity=detector.severity,
        notes=detector.notes,
        **values,  # type: ignore[arg-type]
    )
