"""The scorecard: one static page on the rules that passed and failed, and since when; no script, no network.

Depends on findings and their history. Does not check. Every colour has a sign next to it, and the palette is one that
colour-blind readers tell apart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path

from ys_analytics.frames import atomic
from ys_analytics.frames.findings import read as read_findings
from ys_analytics.quality import report_gate
from ys_analytics.quality.findings import by_severity
from ys_analytics.quality.history import History
from ys_analytics.schemas import STORES, TABLES, Finding

NAME = "scorecard.html"

_SIGN = {"passed": "●", "failed": "▲", "error": "✕"}
_OUTCOME_WORDS = {"passed": "passed", "failed": "failed", "error": "could not run"}
_MAX_ROWS = 5


@dataclass(frozen=True, slots=True)
class _PastResults:
    """Outcomes of earlier runs."""

    since: Mapping[tuple[str, str], datetime]
    trend: Mapping[tuple[str, str], Sequence[tuple[str, str]]]


def write_scorecard(run: Path) -> Path:
    """Write the page of one checked run into its folder.

    Args:
        run: Folder of the run; its `findings.json` and the history next to it are read.

    Raises:
        RunError: the run was not checked yet.
    """
    history = History.of_run(run)
    page = render(read_findings(run), title=run.name, since=history.since(), trend=history.trend())
    path = run / NAME
    with atomic.write_file(path) as draft:
        draft.write_text(page, encoding="utf-8")
    return path


def render(
    findings: Sequence[Finding],
    *,
    title: str,
    since: Mapping[tuple[str, str], datetime],
    trend: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
) -> str:
    """The page as HTML.

    Args:
        findings: The findings.
        title: What was checked, such as the week.
        since: First run of the present streak of each broken rule.
        trend: The last results on each rule, oldest first.
    """
    past = _PastResults(since, trend)
    style = files("ys_analytics.quality").joinpath("scorecard.css").read_text(encoding="utf-8")
    not_passed = by_severity(findings)
    body = [
        _head(findings, title),
        _section("What failed", "".join(_card(finding, past) for finding in not_passed))
        if not_passed
        else _section("What failed", "<p class='calm'>Nothing. Every check passed.</p>"),
        _suite_tiles(findings),
        _section("Every check", "".join(_suite(name, finding, past) for name, finding in _by_suite(findings).items())),
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Data quality, {escape(title)}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{style}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _head(findings: Sequence[Finding], title: str) -> str:
    """The numbers that matter, large."""
    outcomes = Counter(finding.outcome for finding in findings)
    stopping = sum(finding.stops for finding in findings)
    without_rows = sum(finding.is_vacuous for finding in findings)
    passed_share = (
        f"{(outcomes['passed'] - without_rows) / (len(findings) - without_rows):.1%}"
        if len(findings) > without_rows
        else "none"
    )
    numbers = [
        (passed_share, "of checks passed", "passed"),
        *([(f"{without_rows:,}", "had nothing to check", "none")] if without_rows else []),
        (f"{outcomes['failed']:,}", "failed", "failed" if outcomes["failed"] else "none"),
        (f"{outcomes['error']:,}", "could not run", "error" if outcomes["error"] else "none"),
        (f"{stopping:,}", "stop a report", "critical" if stopping else "none"),
    ]
    cell = "<div class='number {}'><b>{}</b><span>{}</span></div>"
    cells = "".join(cell.format(kind, value, words) for value, words, kind in numbers)
    all_stopped = any(finding.stops and finding.portfolios is None for finding in findings)
    result = ("Not fit to print" if all_stopped else "Fit to print in part") if stopping else "Fit to print"
    return (
        f"<header><p class='over'>YieldSensei data quality</p><h1>{escape(title)}</h1>"
        f"<p class='verdict {'critical' if stopping else 'passed'}'>{result}</p></header>"
        f"<section class='numbers'>{cells}</section>"
    )


def _suite_tiles(findings: Sequence[Finding]) -> str:
    """Every suite as a tile, every rule in it as a mark, by store."""
    rows = []
    for store, title in [*((name, traits.title) for name, traits in STORES.items()), ("", "Between the stores")]:
        tiles = []
        for suite, of_suite in _by_suite(findings).items():
            if (TABLES[suite].store if suite in TABLES else "") != store:
                continue
            marks = "".join(
                f"<i class='{finding.outcome}'"
                f" title='{escape(finding.rule, quote=True)}: {_OUTCOME_WORDS[finding.outcome]}'></i>"
                for finding in of_suite
            )
            worst = "failed" if any(finding.outcome != "passed" for finding in of_suite) else "passed"
            tiles.append(
                f"<a class='tile {worst}' href='#{escape(suite)}'><span>{escape(suite)}</span><p>{marks}</p></a>"
            )
        if tiles:
            rows.append(f"<div class='store'><h3>{title}</h3><div class='tiles'>{''.join(tiles)}</div></div>")
    legend = "".join(f"<span><i class='{kind}'></i>{_OUTCOME_WORDS[kind]}</span>" for kind in _SIGN)
    return f"<section><h2>Where</h2><p class='legend'>{legend}</p>{''.join(rows)}</section>"


def _card(finding: Finding, past: _PastResults) -> str:
    """One failed rule: what it does, what was seen, since when, and some of its rows."""
    first = past.since.get((finding.suite, finding.rule))
    since_text = f"<span class='since'>since {first:%Y-%m-%d}</span>" if first else ""
    observed = f"could not run: {finding.observed}" if finding.outcome == "error" else finding.observed
    return (
        f"<article class='card {finding.severity} {finding.outcome}'>"
        f"<p class='tags'><b>{_SIGN[finding.outcome]} {finding.severity}</b>"
        f"<a href='#{escape(finding.suite)}'>{escape(finding.suite)}</a>{_trend_marks(finding, past)}{since_text}</p>"
        f"<h4>{escape(finding.rule)}</h4><p>{escape(finding.notes)}</p>"
        f"<p class='seen'>{escape(observed)}</p>"
        f"<p class='seen'>Portfolios: {escape(report_gate.affected_portfolios(finding))}</p>"
        f"{_rows(finding)}</article>"
    )


def _rows(finding: Finding) -> str:
    """The keys of the first rows at fault."""
    if not finding.sample:
        return ""
    heads = list(finding.sample[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in heads) + "</tr>"
        for row in finding.sample[:_MAX_ROWS]
    )
    more = f"<p class='more'>{_MAX_ROWS} of {finding.rows:,}</p>" if finding.rows > _MAX_ROWS else ""
    return f"<div class='rows'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"


def _suite(name: str, findings: Sequence[Finding], past: _PastResults) -> str:
    """All rules of one suite, folded unless one is broken."""
    not_passed = sum(finding.outcome != "passed" for finding in findings)
    rows = "".join(
        f"<tr class='{finding.outcome}'>"
        f"<td class='sign' title='{_OUTCOME_WORDS[finding.outcome]}'>{_SIGN[finding.outcome]}</td>"
        f"<td>{escape(finding.rule)}{' (nothing to check)' if finding.is_vacuous else ''}</td>"
        f"<td>{finding.severity}</td><td>{escape(finding.notes)}</td>"
        f"<td>{_trend_marks(finding, past)}</td></tr>"
        for finding in findings
    )
    meaning = TABLES[name].meaning if name in TABLES else "What must hold between the stores."
    without_rows = sum(finding.is_vacuous for finding in findings)
    count = (
        f"{len(findings) - not_passed - without_rows} of {len(findings)} kept"
        if without_rows < len(findings)
        else "nothing to check"
    )
    return (
        f"<details id='{escape(name)}'{' open' if not_passed else ''}>"
        f"<summary><b>{escape(name)}</b><span>{escape(meaning)}</span>"
        f"<em class='{'failed' if not_passed else 'passed'}'>{count}</em></summary>"
        f"<table class='rules'><thead><tr><th></th><th>check</th><th>severity</th><th>effect of a failure</th>"
        f"<th>history</th></tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _trend_marks(finding: Finding, past: _PastResults) -> str:
    """The last results as marks, oldest first."""
    marks = "".join(
        f"<i class='{outcome}' title='{escape(label, quote=True)}: {_OUTCOME_WORDS[outcome]}'></i>"
        for label, outcome in past.trend.get((finding.suite, finding.rule), ())
    )
    return f"<span class='spark'>{marks}</span>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _by_suite(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    suites: dict[str, list[Finding]] = {}
    for finding in findings:
        suites.setdefault(finding.suite, []).append(finding)
    return suites
