"""Great Expectations, kept in one place: a suite goes in, findings come out.

The only module that knows Great Expectations and, through it, pandas and
SQLAlchemy. Importing them costs seconds, so they are imported in `library`
alone, with an ephemeral context, and nothing is reported to anybody. Knows how
a rule is put to an engine that lacks it; knows no table and no file.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Self

from ys_analytics.quality import attribution, failing_rows
from ys_analytics.quality.failing_rows import Dialect
from ys_analytics.quality.suite_types import CROSS_STORE, Suite, columns_of
from ys_analytics.schemas import NOTHING_TO_CHECK, TABLES, Finding
from ys_analytics.schemas.attribution import MOST_KEYS

# Keys of rows at fault that a finding carries; enough to start looking, too few to leak a table.
SAMPLE = 20

# Queries put to an engine in one go.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engine:
    """What Great Expectations needs for one SQL engine.

    Attributes:
        lacks: Expectations it has no SQL for there; they are asked as queries of our own (`failing_rows`).
        options: How SQLAlchemy connects.
        hashed_keys: Whether keys of several columns are compared by a hash, which there takes far less memory.
    """

    lacks: frozenset[str] = frozenset({"expect_column_values_to_be_json_parseable"})
    options: Mapping[str, Any] = field(default_factory=dict)
    hashed_keys: bool = False


_ENGINES: Mapping[Dialect, _Engine] = {
    "clickhouse": _Engine(
        lacks=frozenset(
            {
                "expect_column_values_to_match_regex",
                "expect_column_values_to_not_match_regex",
                "expect_column_values_to_be_json_parseable",
            }
        ),
        hashed_keys=True,
    ),
    # Each query by itself, for a server may end a session that waits inside a transaction; nothing prepared, for a
    # pooler may hand the next query to another session.
    "postgres": _Engine(
        options={
            "isolation_level": "AUTOCOMMIT",
            "use_native_hstore": False,
            "connect_args": {"autocommit": True, "prepare_threshold": None},
        }
    ),
}


@cache
def library() -> Any:
    """Great Expectations, silenced: no analytics, no progress bars, no files."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations


def warm() -> None:
    """Pay for the import now, so that the first suite need not."""
    library()


def address(driver: str, parts: Mapping[str, str], server: Mapping[str, Any] | None = None) -> str:
    """SQLAlchemy's address of an engine; it holds secrets, and is never shown.

    Args:
        driver: SQLAlchemy's name of dialect and driver.
        parts: The driver's own options.
        server: `username`, `password`, `host`, `port` and `database` of a server; none for a folder.

    >>> address("clickhousedb", {"interface": "chdb", "path": "/data"})
    'clickhousedb://?interface=chdb&path=%2Fdata'
    """
    from sqlalchemy import URL

    where = URL.create(driver, **(server or {}))
    return where.update_query_dict(parts).render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """Something rows can be selected from.

    Attributes:
        name: A table or view of the engine, or a name for the query.
        query: What selects the rows; empty where `name` is a table or view.
    """

    name: str
    query: str = ""

    @property
    def source(self) -> str:
        """What follows FROM."""
        return f"({self.query})" if self.query else self.name


@dataclass(slots=True)
class Checker:
    """One engine, open for checking.

    Args:
        url: SQLAlchemy's address of the engine.
        dialect: Which SQL it speaks.
        tables: The tables it holds, where that may be fewer than all.
    """

    url: str = field(repr=False)
    dialect: Dialect
    tables: frozenset[str] = frozenset()
    _context: Any = field(init=False, default=None)
    _source: Any = field(init=False, default=None)
    _heights: dict[str, int] = field(init=False, default_factory=dict)

    def __enter__(self) -> Self:
        """Connect; nothing is written down anywhere."""
        self._context = context = library().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        self._source = context.data_sources.add_sql(
            "engine",
            connection_string=self.url,
            create_temp_table=False,
            kwargs=dict(_ENGINES[self.dialect].options),
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the engine at once: a chDB folder admits one owner."""
        self._source.get_execution_engine().close()
        self._source.get_engine().dispose()

    def run(self, statements: Iterable[str]) -> None:
        """Run statements that prepare the ground, such as views."""
        from sqlalchemy import text

        with self._source.get_engine().connect() as connection:
            for statement in statements:
                connection.execute(text(statement.replace(":", r"\:")))
            connection.commit()

    def validate(self, suite: Suite, relation: Relation) -> list[Finding]:
        """The finding of every rule of one suite, in the order of its file.

        A first pass asks only whether each rule holds; the rows at fault are fetched for those that do not.
        """
        asked = [self._put(expectation, relation, suite.key) for expectation in suite.expectations]
        absent = {at: self._absent(expectation) for at, expectation in enumerate(asked)}
        ready = {at: expectation for at, expectation in enumerate(asked) if not absent[at]}
        try:
            batch = self._batch(relation) if ready else None
            validated = _validate(batch, ready, {"result_format": "BOOLEAN_ONLY"})
            broken = {
                at: asked[at] for at, outcome in validated.items() if not outcome.success and not _raised(outcome)
            }
            validated |= self._look_closer(batch, broken, suite.key)
        except Exception as error:  # noqa: BLE001 - whatever an engine throws, the promise was not kept
            reason = one_line(str(error))
            return [
                attribution.whole(_finding(suite, expectation, "error", reason), columns_of(expectation))
                for expectation in suite.expectations
            ]
        found = [
            _finding(suite, expectation, "error", f"{absent[at]} is not in this run")
            if absent[at]
            else _verdict(suite, expectation, validated.get(at))
            for at, expectation in enumerate(suite.expectations)
        ]
        return [
            self._counted(suite, expectation, relation, self._attributed(suite, expectation, relation, finding))
            for expectation, finding in zip(suite.expectations, found, strict=True)
        ]

    def _counted(self, suite: Suite, expectation: Any, relation: Relation, finding: Finding) -> Finding:
        """A finding that says how many rows it was asked of; a rule over several tables is asked of its first."""
        table = attribution.table_of(suite.name, columns_of(expectation))
        if finding.outcome == "error":
            return finding
        if table not in self._heights:
            here = relation if suite.name != CROSS_STORE else Relation(table)
            self._heights[table] = self._height(here) if table in TABLES else -1
        checked = self._heights[table]
        passed = finding.outcome == "passed"
        return replace(
            finding, checked=checked, observed=NOTHING_TO_CHECK if passed and not checked else finding.observed
        )

    def _absent(self, asked: Any) -> str:
        """A table that a query over all stores needs and this engine does not hold; empty where all are there."""
        if not self.tables:
            return ""
        named = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", getattr(asked, "unexpected_rows_query", "")))
        return next(iter(sorted((named & TABLES.keys()) - self.tables)), "")

    def document(self, suites: Iterable[Suite], folder: str) -> None:
        """Write Great Expectations' own pages on some suites, as HTML; the shapes alone, since it knows no detector."""
        gx, context = library(), self._context
        for suite in suites:
            relation = Relation("nothing" if suite.name not in TABLES else suite.name)
            wanted = list(suite.expectations)
            if suite.name in TABLES and not self._height(relation):
                # All else would hold, and the page would say that 100 % passed.
                wanted = [gx.expectations.ExpectTableRowCountToBeBetween(min_value=1, description="something to check")]
            asked = [self._put(expectation, relation, suite.key) for expectation in wanted]
            if asked:
                # A rule put as a query keeps its name, so that a page says what was promised and not only how.
                named = zip(asked, wanted, strict=True)
                bare = [
                    put.copy(update={"id": None} | ({} if put is meant else {"description": rule_of(meant)}))
                    for put, meant in named
                ]
                written = context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=bare))
                rows = self._rows(relation, suite.name)
                judged = gx.ValidationDefinition(name=suite.name, data=rows, suite=written)
                context.validation_definitions.add(judged).run(result_format="SUMMARY")
        backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
        site = {"class_name": "SiteBuilder", "store_backend": backend, "show_how_to_buttons": False,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}  # fmt: skip
        context.add_data_docs_site("docs", site)
        context.build_data_docs(site_names=["docs"])

    def _look_closer(self, batch: Any, broken: dict[int, Any], key: Sequence[str]) -> dict[int, Any]:
        """Ask again, with the rows, about rules that were broken."""
        queries = {at: asked for at, asked in broken.items() if hasattr(asked, "unexpected_rows_query")}
        values = {at: asked for at, asked in broken.items() if at not in queries}
        detail = {"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE}
        if key:
            detail["unexpected_index_column_names"] = list(key)
        seen = _validate(batch, queries, {"result_format": "COMPLETE"})
        return seen | _validate(batch, values, detail)

    def _batch(self, relation: Relation) -> Any:
        """The rows to check, as Great Expectations holds them."""
        return self._rows(relation, relation.name).get_batch()

    def _rows(self, relation: Relation, name: str) -> Any:
        """Where the rows are, under a name of its own."""
        if relation.query:
            asset = self._source.add_query_asset(name, query=relation.query)
        else:
            asset = self._source.add_table_asset(name, table_name=relation.name)
        return asset.add_batch_definition_whole_table("all")

    def _once(self, expectation: Any, relation: Relation) -> Any:
        """Rows whose key stands twice, found by hashing: Great Expectations' own window costs three times as much."""
        key = ", ".join(expectation.column_list)
        twice = f"SELECT sipHash128({key}) FROM {relation.source} AS counted GROUP BY 1 HAVING count() > 1"  # noqa: S608
        return library().expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT {key} FROM {relation.source} AS judged "  # noqa: S608 - our own suites
            f"WHERE sipHash128({key}) IN ({twice}) ORDER BY {key}",
            severity=expectation.severity,
            notes=expectation.notes,
        )

    def _put(self, expectation: Any, relation: Relation, key: Sequence[str]) -> Any:
        """The rule in words this engine knows."""
        if hasattr(expectation, "unexpected_rows_query"):
            query = expectation.unexpected_rows_query.replace("{batch}", relation.source)
            return expectation.copy(update={"unexpected_rows_query": query})
        engine = _ENGINES[self.dialect]
        if engine.hashed_keys and expectation.expectation_type == "expect_compound_columns_to_be_unique":
            return self._once(expectation, relation)
        if expectation.expectation_type not in engine.lacks:
            return expectation
        column, broken = expectation.column, failing_rows.condition(expectation, self.dialect)
        # Great Expectations formats the query once more, so that braces of its own stand twice.
        where = broken.replace("{", "{{").replace("}", "}}")
        chosen = ", ".join(dict.fromkeys([*key, column]))
        return library().expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT {chosen} FROM {relation.source} AS judged "  # noqa: S608 - our own suites
            f"WHERE {column} IS NOT NULL AND {where}",
            severity=expectation.severity,
            notes=expectation.notes,
        )

    def _attributed(self, suite: Suite, expectation: Any, relation: Relation, finding: Finding) -> Finding:
        """A finding with every key that its rows at fault name, asked of the engine, or why it has none."""
        columns = columns_of(expectation)
        if finding.outcome == "passed":
            return finding
        query = failing_rows.select(expectation, relation.source, self.dialect)
        if finding.outcome == "error" or finding.rows < 0 or not query:
            return attribution.whole(finding, columns)
        whole = query.startswith("SELECT * FROM ") and suite.name in TABLES
        selected = TABLES[suite.name].schema if whole else list(finding.sample[0]) if finding.sample else []
        found = attribution.way(suite.name, columns, selected)
        if found.nobody:
            return attribution.touching(finding, {})
        if not found.kind:
            return attribution.everybody(finding, found.everybody)
        try:
            return self._keys(finding, found, query, relation)
        except Exception as error:  # noqa: BLE001 - whatever an engine throws, nobody is let off
            return attribution.everybody(finding, one_line(str(error)))

    def _keys(self, finding: Finding, found: attribution.Way, query: str, relation: Relation) -> Finding:
        """The keys themselves: those of the rows at fault, or of the rows of a table that these name."""
        named = ", ".join(found.by or (found.column,))
        counted = self._ask(
            f"SELECT {named}, count(*) AS rows_at_fault FROM ({query}) AS faults "  # noqa: S608 - our own suites
            f"GROUP BY {named} LIMIT {MOST_KEYS + 1}"
        )
        if len(counted) > MOST_KEYS:
            return attribution.everybody(finding, attribution.TOO_MANY)
        if sum(row[-1] for row in counted) != finding.rows:
            return attribution.everybody(finding, attribution.NO_COUNT)
        keys = [row[0] for row in counted]
        if found.through:
            if any(value is None for row in counted for value in row):
                return attribution.everybody(finding, attribution.NO_KEY)
            source = relation.source if relation.name == found.through else found.through
            keys = [
                row[0]
                for row in self._ask(
                    f"SELECT DISTINCT {found.column} FROM {source} AS named "  # noqa: S608 - our own suites
                    f"WHERE ({named}) IN (SELECT {named} FROM ({query}) AS faults) LIMIT {MOST_KEYS + 1}"
                )
            ]
            if not keys:
                return attribution.everybody(finding, attribution.NO_KEY)
        flat = [each for key in keys for each in (key if isinstance(key, list | tuple) else [key])]
        return attribution.touching(finding, {found.kind: [plain(each) for each in flat]})

    def _ask(self, query: str) -> list[Any]:
        """The rows of one query."""
        from sqlalchemy import text

        with self._source.get_engine().connect() as connection:
            return list(connection.execute(text(query.replace(":", r"\:"))).fetchall())

    def _height(self, relation: Relation) -> int:
        """How many rows there are to check."""
        return int(self._ask(f"SELECT count(*) FROM {relation.source} AS judged")[0][0])  # noqa: S608 - our own suites


def _validate(batch: Any, asked: Mapping[int, Any], detail: Mapping[str, object]) -> dict[int, Any]:
    """Great Expectations' own results, by the place of each rule in its suite."""
    if not asked:
        return {}
    numbered = [expectation.copy(update={"meta": {"at": at}, "id": None}) for at, expectation in asked.items()]
    # Queries are asked a few at a time: one that an engine refuses makes Great Expectations ask its neighbours again.
    queries = [each for each in numbered if hasattr(each, "unexpected_rows_query")]
    values = [each for each in numbered if not hasattr(each, "unexpected_rows_query")]
    validated: dict[int, Any] = {}
    for some in (values, *(queries[at : at + _AT_ONCE] for at in range(0, len(queries), _AT_ONCE))):
        if some:
            suite = library().ExpectationSuite(name="asked", expectations=some)
            results = batch.validate(suite, result_format=dict(detail)).results
            validated |= {result.expectation_config.meta["at"]: result for result in results}
    return validated


def rule_of(expectation: Any) -> str:
    """The rule as a name: its own description, or its kind and what it is about."""
    if expectation.description:
        return str(expectation.description)
    kind = re.sub(r"^expect_(column_values?_|column_|select_|table_)?(to_)?", "", expectation.expectation_type)
    kind = re.sub(r"^(pair_values_|columns_)?(to_)?(be_)?", "", kind)
    return f"{kind}({', '.join([*columns_of(expectation), *_bounds(expectation)])})"


def _bounds(expectation: Any) -> list[str]:
    """The limits a rule names, so that two rules of a kind about a column have two names."""
    low, high = getattr(expectation, "min_value", None), getattr(expectation, "max_value", None)
    said = []
    if low is not None:
        said.append(f"{'>' if getattr(expectation, 'strict_min', False) else '>='} {low}")
    if high is not None:
        said.append(f"{'<' if getattr(expectation, 'strict_max', False) else '<='} {high}")
    if getattr(expectation, "mostly", 1) not in (1, None):
        said.append(f"mostly {expectation.mostly}")
    return said


def _finding(suite: Suite, expectation: Any, outcome: Literal["passed", "failed", "error"], observed: str = "",
             *, rows: int | None = None, sample: list[dict[str, str]] | None = None) -> Finding:  # fmt: skip
    return Finding(
        suite=suite.name,
        rule=rule_of(expectation),
        column=", ".join(columns_of(expectation)),
        severity=getattr(expectation.severity, "value", expectation.severity),
        outcome=outcome,
        notes=" ".join(expectation.notes) if isinstance(expectation.notes, list) else str(expectation.notes),
        observed=observed,
        rows={"passed": 0, "failed": -1, "error": -1}[outcome] if rows is None else rows,
        sample=sample or [],
    )


def _verdict(suite: Suite, expectation: Any, result: Any) -> Finding:
    """One result in our words."""
    if result is None:
        return _finding(suite, expectation, "error", "Great Expectations gave no result")
    reason = _raised(result)
    if reason:
        return _finding(suite, expectation, "error", one_line(reason))
    if result.success:
        return _finding(suite, expectation, "passed")
    seen = result.result
    if "unexpected_count" in seen:
        rows, said = int(seen["unexpected_count"]), _counted(seen)
        sample = seen.get("partial_unexpected_index_list") or [
            value if isinstance(value, dict) else {columns_of(expectation)[0]: value}
            for value in seen.get("partial_unexpected_list") or []
        ]
    elif hasattr(expectation, "unexpected_rows_query") or "details" in seen:
        rows = int(seen["observed_value"])
        sample = (seen.get("details") or {}).get("unexpected_rows") or []
        said = "1 row" if rows == 1 else f"{rows:,} rows"
        if sample:
            said += (
                f", such as {', '.join(f'{name} {value}' for name, value in _plain_row(sample[0]).items() if value)}"
            )
    else:
        rows, said, sample = -1, f"observed {plain(seen.get('observed_value'))}", []
    return _finding(suite, expectation, "failed", said, rows=rows, sample=[_plain_row(row) for row in sample[:SAMPLE]])


def _counted(seen: Mapping[str, Any]) -> str:
    """How many of how many, and the first values."""
    said = f"{int(seen['unexpected_count']):,} of {int(seen.get('element_count') or 0):,} rows"
    values = [value for value in seen.get("partial_unexpected_list") or [] if not isinstance(value, dict)]
    shown = list(dict.fromkeys("nothing" if value is None else plain(value) for value in values))[:3]
    return said + (f", such as {', '.join(shown)}" if shown else "")


def _raised(result: Any) -> str:
    """What an engine threw at a rule; empty when it threw nothing."""
    info = result.exception_info or {}
    if "raised_exception" in info:
        return str(info.get("exception_message") or "it raised") if info["raised_exception"] else ""
    return next((str(each.get("exception_message") or "it raised") for each in info.values()), "")


def one_line(message: str, limit: int = 240) -> str:
    r"""The first line that says something, without passwords.

    >>> one_line("connection to postgresql://me:secret@db failed\nHINT: …")
    'connection to postgresql://me:***@db failed'
    """
    first = next((line.strip() for line in message.splitlines() if line.strip()), "it raised, and said nothing")
    first = re.sub(r"^\([\w.]+\)\s*|Code: \d+\.\s*DB::Exception:\s*", "", first)
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1***@", first)[:limit]


def _plain_row(row: Any) -> dict[str, str]:
    values = row._asdict() if hasattr(row, "_asdict") else dict(row)
    return {str(name): plain(value) for name, value in values.items()}


def plain(value: object, limit: int = 120) -> str:
    """A value as short text that is the same on every engine.

    >>> plain(Decimal("1.500000000000000000")), plain(None)
    ('1.5', '')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text)[:limit]
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat().replace("+00:00", "Z")
    return str(value)[:limit]
