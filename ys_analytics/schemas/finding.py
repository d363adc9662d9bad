"""A finding: the result of one rule.

Declares the shape of a finding, so that the checks, the desk and the page agree;
knows no suite and no engine.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self, get_args

Severity = Literal["critical", "warning", "info"]
# The highest first.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

NOTHING_TO_CHECK = "nothing to check: 0 rows"


# Fields whose name in `findings.json` is an older one, which runs on disk have.
_JSON_NAMES = {"all_reason": "everybody"}


_KIND_AND_ARGUMENTS = re.compile(r"(\w+)\((\w+(?:, \w+)*)((?:, .+)?)\)")


def rule_in_words(rule: str) -> str:
    """A rule's name as a page prints it: the column, and what is demanded of it; a sentence stays as it is.

    >>> rule_in_words("no_gap(timestamp)"), rule_in_words("between(price, > 0.0, <= 10.0)")
    ('timestamp: no gap', 'price: > 0.0, <= 10.0')
    >>> rule_in_words("an asset held has a price")
    'an asset held has a price'
    """
    match = _KIND_AND_ARGUMENTS.fullmatch(rule)
    if match is None:
        return rule
    kind, columns, bounds = match[1].replace("_", " "), match[2], match[3].removeprefix(", ")
    demanded = bounds if kind == "between" and bounds else ", ".join(filter(None, (kind, bounds)))
    return f"{columns}: {demanded}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one rule.

    Attributes:
        suite: The table, key family, collection or `cross_store` that was checked.
        rule: What was demanded, as a name: `unique(portfolio_id, timestamp)`.
        column: The column it is about; empty for the whole table.
        severity: What a failure means: critical stops a report.
        outcome: `passed`, `failed`, or `error` when the rule could not run.
        notes: Why the rule exists; begins with the damage.
        observed: What was seen, in one line.
        rows: Rows at fault (0 when passed, -1 when unknown).
        sample: Keys of some rows at fault, capped; never a secret.
        checked: How many rows the rule was asked of; 0 means that it had nothing to check, -1 that it is unknown.
        affects: Every key that the rows at fault name, by kind (`portfolio`, `asset`, `chain`, `pool`, ...), sorted:
            the whole list and no sample. Empty: no portfolio's numbers rest on them. None: not known, so all may.
        portfolios: Ids of the portfolios whose numbers rest on the rows at fault, sorted. None: all.
        all_reason: Why it affects all portfolios, where that is not plain; `everybody` in JSON.
    """

    suite: str
    rule: str
    column: str = ""
    severity: Severity
    outcome: Literal["passed", "failed", "error"]
    notes: str
    observed: str = ""
    rows: int = 0
    sample: list[dict[str, str]] = field(default_factory=list)
    checked: int = -1
    affects: dict[str, list[str]] | None = None
    portfolios: list[str] | None = None
    all_reason: str = ""

    @property
    def in_words(self) -> str:
        """Table, rule and what was seen, in one line as a page prints it."""
        return f"{self.suite}, {rule_in_words(self.rule)} ({self.observed or self.outcome})"

    @property
    def stops(self) -> bool:
        """Whether a report that rests on the rows at fault must not be printed.

        A rule that could not run counts as a failure: silence is not a pass.
        """
        return self.severity == "critical" and self.outcome != "passed"

    @property
    def is_vacuous(self) -> bool:
        """Whether the rule holds only because there was no row to ask it of."""
        return self.outcome == "passed" and self.checked == 0

    def affects_portfolio(self, portfolio_id: str) -> bool:
        """Whether a portfolio's numbers rest on the rows at fault; True where that is not known."""
        return self.portfolios is None or portfolio_id in self.portfolios

    def to_json(self) -> dict[str, object]:
        """The finding as plain JSON values."""
        values = asdict(self)
        return {_JSON_NAMES.get(name, name): value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """The finding back from `to_json`."""
        names = {json_name: name for name, json_name in _JSON_NAMES.items()}
        return cls(**{names.get(name, name): value for name, value in values.items()})  # type: ignore[arg-type]
