"""The outcomes of every rule in every run, which say since when a rule fails.

Depends on one DuckDB file next to the runs. Does not check. Checking a run again replaces its outcomes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from ys_analytics.errors import FileError, file_errors
from ys_analytics.frames import atomic
from ys_analytics.schemas import Finding

if TYPE_CHECKING:  # 0.1 s, and only who asks for history pays it
    import duckdb

NAME = "history.duckdb"

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS verdicts (
    label VARCHAR, moment TIMESTAMP, suite VARCHAR, rule VARCHAR, severity VARCHAR, outcome VARCHAR, faults BIGINT,
    PRIMARY KEY (label, suite, rule)
)
"""
# A row each would take DuckDB milliseconds a row.
_INSERT = """
INSERT OR REPLACE INTO verdicts
SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BIGINT[])
"""
_STREAKS = """
WITH last_pass AS (
    SELECT suite, rule, max(moment) FILTER (outcome = 'passed') AS passed, max(moment) AS judged
    FROM verdicts GROUP BY suite, rule
)
SELECT said.suite, said.rule, min(said.moment)
FROM verdicts AS said JOIN last_pass USING (suite, rule)
WHERE said.outcome <> 'passed' AND (passed IS NULL OR said.moment > passed)
GROUP BY said.suite, said.rule
"""
_TREND = """
SELECT suite, rule, list(outcome ORDER BY moment), list(label ORDER BY moment) FROM verdicts GROUP BY suite, rule
"""


@dataclass(frozen=True, slots=True)
class History:
    """The results on all runs of one folder.

    Attributes:
        path: The DuckDB file; made when first written.
    """

    path: Path

    @classmethod
    def of_run(cls, run: Path) -> "History":
        """The history of the folder a run lies in."""
        return cls(run.parent / NAME)

    def record(self, findings: Sequence[Finding], *, label: str, moment: datetime) -> None:
        """Store the outcomes of one run, in place of earlier ones.

        Args:
            findings: The findings.
            label: Which run: its week.
            moment: The moment it speaks of; orders the history.
        """
        naive_moment = moment.astimezone(UTC).replace(tzinfo=None)
        outcomes = {
            (finding.suite, finding.rule): (finding.severity, finding.outcome, finding.rows) for finding in findings
        }
        columns = [list(column) for column in zip(*(names + said for names, said in outcomes.items()), strict=True)]
        with self._open() as engine:
            engine.execute("BEGIN")
            engine.execute("DELETE FROM verdicts WHERE label = ?", [label])
            if columns:
                engine.execute(_INSERT, [label, naive_moment, *columns])
            engine.execute("COMMIT")

    def since(self) -> dict[tuple[str, str], datetime]:
        """For each rule that fails now: the first run from which it has failed ever since."""
        with self._open() as engine:
            rows = engine.execute(_STREAKS).fetchall()
        return {(suite, rule): first.replace(tzinfo=UTC) for suite, rule, first in rows}

    def trend(self, last: int = 12) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """The last results on each rule, oldest first, as label and outcome."""
        with self._open() as engine:
            rows = engine.execute(_TREND).fetchall()
        return {
            (suite, rule): list(zip(labels, outcomes, strict=True))[-last:] for suite, rule, outcomes, labels in rows
        }

    @contextmanager
    def _open(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """The file, under a lock: DuckDB admits one writer."""
        import duckdb

        try:
            with file_errors(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with FileLock(self.path.with_suffix(".lock")):
                    if not self.path.exists():  # made whole or not at all
                        with atomic.write_file(self.path) as draft, duckdb.connect(str(draft)) as engine:
                            engine.execute(_CREATE_TABLE)
                    with duckdb.connect(str(self.path)) as engine:
                        engine.execute(_CREATE_TABLE)
                        yield engine
        except duckdb.IOException as error:
            message = " ".join(str(error).split())
            raise FileError(f"{self.path}: {message}; free some space, or check a run in a folder of yours") from error
