"""The run and suites that findings are of, and their order by severity.

Does not run a rule. `frames.findings` writes and reads them.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.frames.findings import Subject, hash_of
from ys_analytics.quality import suites
from ys_analytics.schemas import Finding
from ys_analytics.schemas.finding import SEVERITIES


def subject(folder: Path, suites_in: Path = suites.FOLDER) -> Subject:
    """The run and the suites that a check made now would be of.

    Raises:
        RunError: there is no run.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise RunError(f"{folder}: there is no run; make one with `ys freeze --week WEEK`")
    package = Path(__file__).parent.parent
    code = [path for folder in (suites_in, package / "schemas", package / "quality") for path in _modules(folder)]
    expected = sha256()
    for path in code:
        expected.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return Subject(run=hash_of(manifest), suites=expected.hexdigest())


# The rule that a table can be loaded as what it is declared to be; where it cannot run, the table is what is wrong.
LOADS_AS_DECLARED = "loads as declared"


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """What failed or could not run, highest severity first; order of suites within."""
    not_passed = [finding for finding in findings if finding.outcome != "passed"]
    return sorted(not_passed, key=lambda finding: SEVERITIES.index(finding.severity))


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))
