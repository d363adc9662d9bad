"""One static page on what was promised, kept and broken, and since when: no script, no network, one file.

Knows findings and their history; checks nothing. Every colour has a sign beside it, and the palette is one that
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
_WORD = {"passed": "kept", "failed": "broken", "error": "could not run"}
_ROWS = 5


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of before."""

    since: Mapping[tuple[str, str], datetime]
    trend: Mapping[tuple[str, str], Sequence[tuple[str, str]]]


def write_scorecard(run: Path) -> Path:
    """Write the page of one checked run into its folder.

    Args:
        run: Folder of the run; its `findings.json` and the history beside it are read.

    Raises:
        RunError: the run was not checked yet.
    """
    history = History.of_run(run)
    page = render(read_findings(run), title=run.name, since=history.since(), trend=history.trend())
    path = run / NAME
    with atomic.draft(path) as draft:
        draft.write_text(page, encoding="utf-8")
    return path


def render(
    found: Sequence[Finding],
    *,
    title: str,
    since: Mapping[tuple[str, str], datetime],
    trend: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
) -> str:
    """The page as HTML.

    Args:
        found: The findings.
        title: What was checked, such as the week.
        since: First run of the present streak of each broken rule.
        trend: The last results on each rule, oldest first.
    """
    past = _Past(since, trend)
    style = files("ys_analytics.quality").joinpath("scorecard.css").read_text(encoding="utf-8")
    broken = by_severity(found)
    body = [
        _head(found, title),
        _section("What failed", "".join(_card(each, past) for each in broken))
        if broken
        else _section("What failed", "<p class='calm'>Nothing. Every check passed.</p>"),
        _map(found),
        _section("Every check", "".join(_suite(name, each, past) for name, each in _by_suite(found).items())),
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Data quality, {escape(title)}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{style}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _head(found: Sequence[Finding], title: str) -> str:
    """The numbers that matter, large."""
    outcomes = Counter(each.outcome for each in found)
    stopping = sum(each.stops for each in found)
    idle = sum(each.vacuous for each in found)
    kept = f"{(outcomes['passed'] - idle) / (len(found) - idle):.1%}" if len(found) > idle else "none"
    numbers = [
        (kept, "of checks passed", "passed"),
        *([(f"{idle:,}", "had nothing to check", "none")] if idle else []),
        (f"{outcomes['failed']:,}", "failed", "failed" if outcomes["failed"] else "none"),
        (f"{outcomes['error']:,}", "could not run", "error" if outcomes["error"] else "none"),
        (f"{stopping:,}", "stop a report", "critical" if stopping else "none"),
    ]
    cell = "<div class='number {}'><b>{}</b><span>{}</span></div>"
    cells = "".join(cell.format(kind, value, words) for value, words, kind in numbers)
    everybody = any(each.stops and each.portfolios is None for each in found)
    result = ("Not fit to print" if everybody else "Fit to print in part") if stopping else "Fit to print"
    return (
        f"<header><p class='over'>YieldSensei data quality</p><h1>{escape(title)}</h1>"
        f"<p class='verdict {'critical' if stopping else 'passed'}'>{result}</p></header>"
        f"<section class='numbers'>{cells}</section>"
    )


def _map(found: Sequence[Finding]) -> str:
    """Every suite as a tile, every rule in it as a mark, by store."""
    rows = []
    for store, named in [*((name, traits.title) for name, traits in STORES.items()), ("", "Between the stores")]:
        tiles = []
        for suite, each in _by_suite(found).items():
            if (TABLES[suite].store if suite in TABLES else "") != store:
                continue
            marks = "".join(
                f"<i class='{one.outcome}' title='{escape(one.rule, quote=True)}: {_WORD[one.outcome]}'></i>"
                for one in each
            )
            worst = "failed" if any(one.outcome != "passed" for one in each) else "passed"
            tiles.append(
                f"<a class='tile {worst}' href='#{escape(suite)}'><span>{escape(suite)}</span><p>{marks}</p></a>"
            )
        if tiles:
            rows.append(f"<div class='store'><h3>{named}</h3><div class='tiles'>{''.join(tiles)}</div></div>")
    legend = "".join(f"<span><i class='{kind}'></i>{_WORD[kind]}</span>" for kind in _SIGN)
    return f"<section><h2>Where</h2><p class='legend'>{legend}</p>{''.join(rows)}</section>"


def _card(each: Finding, past: _Past) -> str:
    """One failed rule: what it does, what was seen, since when, and some of its rows."""
    first = past.since.get((each.suite, each.rule))
    when = f"<span class='since'>since {first:%Y-%m-%d}</span>" if first else ""
    seen = f"could not run: {each.observed}" if each.outcome == "error" else each.observed
    return (
        f"<article class='card {each.severity} {each.outcome}'>"
        f"<p class='tags'><b>{_SIGN[each.outcome]} {each.severity}</b>"
        f"<a href='#{escape(each.suite)}'>{escape(each.suite)}</a>{_spark(each, past)}{when}</p>"
        f"<h4>{escape(each.rule)}</h4><p>{escape(each.notes)}</p>"
        f"<p class='seen'>{escape(seen)}</p><p class='seen'>Whose: {escape(report_gate.reach(each))}</p>"
        f"{_rows(each)}</article>"
    )


def _rows(each: Finding) -> str:
    """The keys of the first rows at fault."""
    if not each.sample:
        return ""
    heads = list(each.sample[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in heads) + "</tr>"
        for row in each.sample[:_ROWS]
    )
    more = f"<p class='more'>{_ROWS} of {each.rows:,}</p>" if each.rows > _ROWS else ""
    return f"<div class='rows'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"


def _suite(name: str, found: Sequence[Finding], past: _Past) -> str:
    """All rules of one suite, folded unless one is broken."""
    broken = sum(each.outcome != "passed" for each in found)
    rows = "".join(
        f"<tr class='{each.outcome}'><td class='sign' title='{_WORD[each.outcome]}'>{_SIGN[each.outcome]}</td>"
        f"<td>{escape(each.rule)}{' (nothing to check)' if each.vacuous else ''}</td>"
        f"<td>{each.severity}</td><td>{escape(each.notes)}</td>"
        f"<td>{_spark(each, past)}</td></tr>"
        for each in found
    )
    meaning = TABLES[name].meaning if name in TABLES else "What must hold between the stores."
    idle = sum(each.vacuous for each in found)
    count = f"{len(found) - broken - idle} of {len(found)} kept" if idle < len(found) else "nothing to check"
    return (
        f"<details id='{escape(name)}'{' open' if broken else ''}>"
        f"<summary><b>{escape(name)}</b><span>{escape(meaning)}</span>"
        f"<em class='{'failed' if broken else 'passed'}'>{count}</em></summary>"
        f"<table class='rules'><thead><tr><th></th><th>check</th><th>severity</th><th>effect of a failure</th>"
        f"<th>history</th></tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _spark(each: Finding, past: _Past) -> str:
    """The last results as marks, oldest first."""
    marks = "".join(
        f"<i class='{outcome}' title='{escape(label, quote=True)}: {_WORD[outcome]}'></i>"
        for label, outcome in past.trend.get((each.suite, each.rule), ())
    )
    return f"<span class='spark'>{marks}</span>"


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"


def _by_suite(found: Sequence[Finding]) -> dict[str, list[Finding]]:
    suites: dict[str, list[Finding]] = {}
    for each in found:
        suites.setdefault(each.suite, []).append(each)
    return suites
