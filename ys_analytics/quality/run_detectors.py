"""Our detectors, run: a picture goes in, findings come out; knows no detector by name."""

from collections.abc import Iterator

import polars as pl

from ys_analytics.quality import attribution
from ys_analytics.quality.checks import SAMPLE, one_line, plain
from ys_analytics.quality.suite_types import Detect, Picture, Suite
from ys_analytics.schemas import NOTHING_TO_CHECK, Finding


def behave(suite: Suite, picture: Picture) -> Iterator[Finding]:
    """The verdict on every promise about behaviour of one suite."""
    for detect in suite.behaviour:
        absent = sorted(set(detect.needs) - set(picture.files))
        if absent:
            untried = _finding(suite, detect, outcome="error", observed=f"{absent[0]} is not in this run")
            yield attribution.whole(untried, detect.columns)
            continue
        try:
            faults = detect.find(picture)
            finding = _verdict(suite, detect, faults, picture)
        except Exception as error:  # noqa: BLE001 - a detector that fell over has not passed anything
            fell = _finding(suite, detect, outcome="error", observed=one_line(f"{type(error).__name__}: {error}"))
            yield attribution.whole(fell, detect.columns)
            continue
        yield finding


def _verdict(suite: Suite, detect: Detect, faults: pl.DataFrame, picture: Picture) -> Finding:
    """Nothing found is a pass; else how much, the worst of it said, and every key that is concerned."""
    checked = picture.frame(attribution.table_of(suite.name, detect.columns)).height
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
    return attribution.Frames(picture.frame).attribute(finding, detect.columns, faults)


def _finding(suite: Suite, detect: Detect, **verdict: object) -> Finding:
    values: dict[str, object] = {"rows": {"passed": 0}.get(str(verdict["outcome"]), -1), **verdict}
    return Finding(
        suite=suite.name,
        rule=detect.rule,
        column=", ".join(detect.columns),
        severity=detect.severity,
        notes=detect.notes,
        **values,  # type: ignore[arg-type]
    )
