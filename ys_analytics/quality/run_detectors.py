"""Our detectors, run: a snapshot goes in, findings come out; knows no detector by name."""

from collections.abc import Iterator

import polars as pl

from ys_analytics.quality import attribution
from ys_analytics.quality.checks import SAMPLE, one_line, plain
from ys_analytics.quality.suite_types import Detector, Snapshot, Suite
from ys_analytics.schemas import NOTHING_TO_CHECK, Finding


def run_detectors(suite: Suite, snapshot: Snapshot) -> Iterator[Finding]:
    """The finding of every detector of one suite."""
    for detect in suite.detectors:
        absent = sorted(set(detect.needs) - set(snapshot.files))
        if absent:
            untried = _finding(suite, detect, outcome="error", observed=f"{absent[0]} is not in this run")
            yield attribution.whole(untried, detect.columns)
            continue
        try:
            faults = detect.find(snapshot)
            finding = _verdict(suite, detect, faults, snapshot)
        except Exception as error:  # noqa: BLE001 - a detector that fell over has not passed anything
            fell = _finding(suite, detect, outcome="error", observed=one_line(f"{type(error).__name__}: {error}"))
            yield attribution.whole(fell, detect.columns)
            continue
        yield finding


def _verdict(suite: Suite, detect: Detector, faults: pl.DataFrame, snapshot: Snapshot) -> Finding:
    """Nothing found is a pass; else how much, the worst of it said, and every key that is concerned."""
    checked = snapshot.frame(attribution.table_of(suite.name, detect.columns)).height
    if faults.is_empty():
        observed = "" if checked else NOTHING_TO_CHECK
        return _finding(suite, detect, outcome="passed", checked=checked, observed=observed)
    sample = [{name: plain(value) for name, value in row.items()} for row in faults.head(SAMPLE).to_dicts()]
    observed = (
        f"{faults.height:,} found: {sample[0]['said']}" if "said" in faults.columns else f"{faults.height:,} found"
    )
    finding = _finding(
        suite, detect, outcome="failed", observed=observed, rows=faults.height, sample=sample, checked=checked
    )
    return attribution.Frames(snapshot.frame).attribute(finding, detect.columns, faults)


def _finding(suite: Suite, detect: Detector, **result: object) -> Finding:
    values: dict[str, object] = {"rows": {"passed": 0}.get(str(result["outcome"]), -1), **result}
    return Finding(
        suite=suite.name,
        rule=detect.rule,
        column=", ".join(detect.columns),
        severity=detect.severity,
        notes=detect.notes,
        **values,  # type: ignore[arg-type]
    )
