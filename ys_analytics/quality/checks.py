"""Great Expectations, kept in one place: a suite goes in, findings come out.

The only module that knows Great Expectations and, through it, pandas and
SQLAlchemy. Importing them costs seconds, so they are imported in `load_gx`
alone, with an ephemeral context, and nothing is reported outside. Knows how
a rule is put to an engine that lacks it; knows no table and no file.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Self

from ys_analytics.quality import attribution, failing_rows
from ys_analytics.quality.failing_rows import Dialect
from ys_analytics.quality.suite_types import CROSS_STORE, Suite, columns_of
from ys_analytics.schemas import NOTHING_TO_CHECK, TABLES, Finding
from ys_analytics.schemas.attribution import MAX_KEYS

# Keys of rows at fault that a finding carries; enough to start looking, too few to leak a table.
MAX_SAMPLE = 20

# Queries put to an engine in one go.
_QUERIES_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engine:
    """What Great Expectations needs for one SQL engine.

    Attributes:
        unsupported: Expectations it has no SQL for there; they are asked as queries of our own (`failing_rows`).
        options: How SQLAlchemy connects.
        hashed_keys: Whether keys of several columns are compared by a hash, which there takes far less memory.
    """

    unsupported: frozenset[str] = frozenset({"expect_column_values_to_be_json_parseable"})
    options: Mapping[str, Any] = field(default_factory=dict)
    hashed_keys: bool = False


_ENGINES: Mapping[Dialect, _Engine] = {
    "clickhouse": _Engine(
        unsupported=frozenset(
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
def load_gx() -> Any:
    """Great Expectations, silenced: no analytics, no progress bars, no files."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations


def preload() -> None:
    """Import Great Expectations now, so that the first suite does not wait for it."""
    load_gx()


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

    url = URL.create(driver, **(server or {}))
    return str(url.update_query_dict(parts).render_as_string(hide_password=False))


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or query that rows are selected from.

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
    _row_counts: dict[str, int] = field(init=False, default_factory=dict)

    def __enter__(self) -> Self:
        """Connect; nothing is written to disk."""
        self._context = context = load_gx().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        # It would write itself out as YAML to nowhere for each table: a tenth of a check.
        context.variables.save = lambda: None
        self._source = context.data_sources.add_sql(
            "engine",
            connection_string=self.url,
            create_temp_table=False,
            kwargs=dict(_ENGINES[self.dialect].options),
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engine at once: a chDB folder admits one owner."""
        self._source.get_execution_engine().close()
        self._source.get_engine().dispose()

    def run(self, statements: Iterable[str]) -> None:
        """Run statements that must come first, such as those that make views."""
        from sqlalchemy import text

        with self._source.get_engine().connect() as connection:
            for statement in statements:
                connection.execute(text(statement.replace(":", r"\:")))
            connection.commit()

    def validate(self, suite: Suite, relation: Relation) -> list[Finding]:
        """The finding of every rule of one suite, in the order of its file.

        A first pass asks only whether each rule holds; the rows at fault are fetched for those that do not.
        """
        translated = [self._translate(expectation, relation, suite.key) for expectation in suite.expectations]
        missing_tables = {index: self._missing_table(expectation) for index, expectation in enumerate(translated)}
        runnable = {index: expectation for index, expectation in enumerate(translated) if not missing_tables[index]}
        try:
            batch = self._batch(relation) if runnable else None
            validated = _validate(batch, runnable, {"result_format": "BOOLEAN_ONLY"})
            failed = {
                index: translated[index]
                for index, outcome in validated.items()
                if not outcome.success and not _exception_text(outcome)
            }
            validated |= self._fetch_failing_rows(batch, failed, suite.key)
        except Exception as error:  # noqa: BLE001 - on any error of an engine the rule could not run
            reason = one_line(str(error))
            return [
                attribution.about_whole_table(
                    _new_finding(suite, expectation, "error", reason), columns_of(expectation)
                )
                for expectation in suite.expectations
            ]
        findings = [
            _new_finding(suite, expectation, "error", f"{missing_tables[index]} is not in this run")
            if missing_tables[index]
            else _to_finding(suite, expectation, validated.get(index))
            for index, expectation in enumerate(suite.expectations)
        ]
        return [
            self._counted(suite, expectation, relation, self._with_keys(suite, expectation, relation, finding))
            for expectation, finding in zip(suite.expectations, findings, strict=True)
        ]

    def _counted(self, suite: Suite, expectation: Any, relation: Relation, finding: Finding) -> Finding:
        """A finding with the number of rows checked; that of the first table for a rule over several."""
        table = attribution.table_of(suite.name, columns_of(expectation))
        if finding.outcome == "error":
            return finding
        if table not in self._row_counts:
            table_count = relation if suite.name != CROSS_STORE else Relation(table)
            self._row_counts[table] = self._count_rows(table_count) if table in TABLES else -1
        checked = self._row_counts[table]
        passed = finding.outcome == "passed"
        return replace(
            finding, checked=checked, observed=NOTHING_TO_CHECK if passed and not checked else finding.observed
        )

    def _missing_table(self, expectation: Any) -> str:
        """A table that a query over all stores needs and this engine does not hold; empty where all are there."""
        if not self.tables:
            return ""
        tables_in_query = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", getattr(expectation, "unexpected_rows_query", "")))
        return next(iter(sorted((tables_in_query & TABLES.keys()) - self.tables)), "")

    def document(self, suites: Iterable[Suite], folder: str) -> None:
        """Write Great Expectations' own pages on some suites, as HTML; the shapes alone, since it knows no detector."""
        gx, context = load_gx(), self._context
        for suite in suites:
            relation = Relation("nothing" if suite.name not in TABLES else suite.name)
            expectations = list(suite.expectations)
            if suite.name in TABLES and not self._count_rows(relation):
                # All else would hold, and the page would say that 100 % passed.
                expectations = [
                    gx.expectations.ExpectTableRowCountToBeBetween(min_value=1, description="something to check")
                ]
            translated = [self._translate(expectation, relation, suite.key) for expectation in expectations]
            if translated:
                # A rule put as a query keeps its name, so that a page says the rule and not only its query.
                pairs = zip(translated, expectations, strict=True)
                described = [
                    query_rule.copy(
                        update={"id": None}
                        | ({} if query_rule is expectation else {"description": rule_of(expectation)})
                    )
                    for query_rule, expectation in pairs
                ]
                gx_suite = context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=described))
                rows = self._rows(relation, suite.name)
                definition = gx.ValidationDefinition(name=suite.name, data=rows, suite=gx_suite)
                context.validation_definitions.add(definition).run(result_format="SUMMARY")
        backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
        site = {"class_name": "SiteBuilder", "store_backend": backend, "show_how_to_buttons": False,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}  # fmt: skip
        context.add_data_docs_site("docs", site)
        context.build_data_docs(site_names=["docs"])

    def _fetch_failing_rows(self, batch: Any, failed: dict[int, Any], key: Sequence[str]) -> dict[int, Any]:
        """Run the failed rules again, now for their failing rows."""
        queries = {index: rule for index, rule in failed.items() if hasattr(rule, "unexpected_rows_query")}
        values = {index: rule for index, rule in failed.items() if index not in queries}
        detail = {"result_format": "SUMMARY", "partial_unexpected_count": MAX_SAMPLE}
        if key:
            detail["unexpected_index_column_names"] = list(key)
        results = _validate(batch, queries, {"result_format": "COMPLETE"})
        return results | _validate(batch, values, detail)

    def _batch(self, relation: Relation) -> Any:
        """The rows to check, as Great Expectations holds them."""
        return self._rows(relation, relation.name).get_batch()

    def _rows(self, relation: Relation, name: str) -> Any:
        """A batch definition of the rows, under a name of its own."""
        if relation.query:
            asset = self._source.add_query_asset(name, query=relation.query)
        else:
            asset = self._source.add_table_asset(name, table_name=relation.name)
        return asset.add_batch_definition_whole_table("all")

    def _unique_by_hash(self, expectation: Any, relation: Relation) -> Any:
        """Rows whose key stands twice, found by hashing: Great Expectations' own window costs three times as much."""
        key = ", ".join(expectation.column_list)
        repeated_keys = f"SELECT sipHash128({key}) FROM {relation.source} AS counted GROUP BY 1 HAVING count() > 1"  # noqa: S608
        return load_gx().expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT {key} FROM {relation.source} AS checked "  # noqa: S608 - our own suites
            f"WHERE sipHash128({key}) IN ({repeated_keys}) ORDER BY {key}",
            severity=expectation.severity,
            notes=expectation.notes,
        )

    def _translate(self, expectation: Any, relation: Relation, key: Sequence[str]) -> Any:
        """The rule as this engine can run it: itself, or a query for the rows that fail it."""
        if hasattr(expectation, "unexpected_rows_query"):
            query = expectation.unexpected_rows_query.replace("{batch}", relation.source)
            return expectation.copy(update={"unexpected_rows_query": query})
        engine = _ENGINES[self.dialect]
        if engine.hashed_keys and expectation.expectation_type == "expect_compound_columns_to_be_unique":
            return self._unique_by_hash(expectation, relation)
        if expectation.expectation_type not in engine.unsupported:
            return expectation
        column, broken = expectation.column, failing_rows.condition(expectation, self.dialect)
        # Great Expectations formats the query once more, so that braces of its own stand twice.
        escaped = broken.replace("{", "{{").replace("}", "}}")
        columns = ", ".join(dict.fromkeys([*key, column]))
        return load_gx().expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT {columns} FROM {relation.source} AS checked "  # noqa: S608 - our own suites
            f"WHERE {column} IS NOT NULL AND {escaped}",
            severity=expectation.severity,
            notes=expectation.notes,
        )

    def _with_keys(self, suite: Suite, expectation: Any, relation: Relation, finding: Finding) -> Finding:
        """A finding with every key that its rows at fault name, asked of the engine, or why it has none."""
        columns = columns_of(expectation)
        if finding.outcome == "passed":
            return finding
        query = failing_rows.select(expectation, relation.source, self.dialect)
        if finding.outcome == "error" or finding.rows < 0 or not query:
            return attribution.about_whole_table(finding, columns)
        all_columns = query.startswith("SELECT * FROM ") and suite.name in TABLES
        selected = TABLES[suite.name].schema if all_columns else list(finding.sample[0]) if finding.sample else []
        path = attribution.key_path(suite.name, columns, selected)
        if path.no_portfolio:
            return attribution.with_keys(finding, {})
        if not path.kind:
            return attribution.affects_all(finding, path.all_reason)
        try:
            return self._keys(finding, path, query, relation)
        except Exception as error:  # noqa: BLE001 - on any error of an engine all portfolios are affected
            return attribution.affects_all(finding, one_line(str(error)))

    def _keys(self, finding: Finding, path: attribution.KeyPath, query: str, relation: Relation) -> Finding:
        """The keys themselves: those of the rows at fault, or of the rows of a table that these name."""
        columns = ", ".join(path.lookup_columns or (path.column,))
        rows_by_key = self._ask(
            f"SELECT {columns}, count(*) AS rows_at_fault FROM ({query}) AS failing "  # noqa: S608 - our own suites
            f"GROUP BY {columns} LIMIT {MAX_KEYS + 1}"
        )
        if len(rows_by_key) > MAX_KEYS:
            return attribution.affects_all(finding, attribution.TOO_MANY)
        if sum(row[-1] for row in rows_by_key) != finding.rows:
            return attribution.affects_all(finding, attribution.NOT_IDENTIFIABLE)
        keys = [row[0] for row in rows_by_key]
        if path.lookup_table:
            if any(value is None for row in rows_by_key for value in row):
                return attribution.affects_all(finding, attribution.NO_KEY)
            source = relation.source if relation.name == path.lookup_table else path.lookup_table
            keys = [
                row[0]
                for row in self._ask(
                    f"SELECT DISTINCT {path.column} FROM {source} AS named "  # noqa: S608 - our own suites
                    f"WHERE ({columns}) IN (SELECT {columns} FROM ({query}) AS failing) LIMIT {MAX_KEYS + 1}"
                )
            ]
            if not keys:
                return attribution.affects_all(finding, attribution.NO_KEY)
        values = [item for key in keys for item in (key if isinstance(key, list | tuple) else [key])]
        return attribution.with_keys(finding, {path.kind: [short_text(item) for item in values]})

    def _ask(self, query: str) -> list[Any]:
        """The rows of one query."""
        from sqlalchemy import text

        with self._source.get_engine().connect() as connection:
            return list(connection.execute(text(query.replace(":", r"\:"))).fetchall())

    def _count_rows(self, relation: Relation) -> int:
        """How many rows there are to check."""
        return int(self._ask(f"SELECT count(*) FROM {relation.source} AS checked")[0][0])  # noqa: S608 - our own suites


def _validate(batch: Any, expectations: Mapping[int, Any], detail: Mapping[str, object]) -> dict[int, Any]:
    """Great Expectations' own results, by the place of each rule in its suite."""
    if not expectations:
        return {}
    indexed = [
        expectation.copy(update={"meta": {"at": index}, "id": None}) for index, expectation in expectations.items()
    ]
    # Queries are asked a few at a time: one that an engine refuses makes Great Expectations ask its neighbours again.
    queries = [expectation for expectation in indexed if hasattr(expectation, "unexpected_rows_query")]
    values = [expectation for expectation in indexed if not hasattr(expectation, "unexpected_rows_query")]
    validated: dict[int, Any] = {}
    for batch_of_rules in (
        values,
        *(queries[index : index + _QUERIES_AT_ONCE] for index in range(0, len(queries), _QUERIES_AT_ONCE)),
    ):
        if batch_of_rules:
            suite = load_gx().ExpectationSuite(name="asked", expectations=batch_of_rules)
            with _configurations_kept():
                results = batch.validate(suite, result_format=dict(detail)).results
            validated |= {result.expectation_config.meta["at"]: result for result in results}
    return validated


@contextmanager
def _configurations_kept() -> Iterator[None]:
    """Keep the configuration of each expectation while its fields stay as they are.

    Great Expectations computes it from all fields some fifty times a check: a third of the CPU of a small suite.
    """
    from great_expectations.expectations import expectation as library

    base: Any = library.Expectation
    original = base.configuration
    kept: dict[int, tuple[Any, dict[str, Any], Any]] = {}

    def configuration(expectation: Any) -> Any:
        known, fields, found = kept.get(id(expectation), (None, {}, None))
        if known is not expectation or fields != expectation.__dict__:
            found = original.fget(expectation)
            kept[id(expectation)] = (expectation, dict(expectation.__dict__), found)
        return found

    base.configuration = property(configuration)
    try:
        yield
    finally:
        base.configuration = original


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
    texts = []
    if low is not None:
        texts.append(f"{'>' if getattr(expectation, 'strict_min', False) else '>='} {low}")
    if high is not None:
        texts.append(f"{'<' if getattr(expectation, 'strict_max', False) else '<='} {high}")
    if getattr(expectation, "mostly", 1) not in (1, None):
        texts.append(f"mostly {expectation.mostly}")
    return texts


def _new_finding(suite: Suite, expectation: Any, outcome: Literal["passed", "failed", "error"], observed: str = "",
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


def _to_finding(suite: Suite, expectation: Any, result: Any) -> Finding:
    """One result of Great Expectations as a finding."""
    if result is None:
        return _new_finding(suite, expectation, "error", "Great Expectations gave no result")
    reason = _exception_text(result)
    if reason:
        return _new_finding(suite, expectation, "error", one_line(reason))
    if result.success:
        return _new_finding(suite, expectation, "passed")
    details = result.result
    if "unexpected_count" in details:
        rows, text = int(details["unexpected_count"]), _counted(details)
        sample = details.get("partial_unexpected_index_list") or [
            value if isinstance(value, dict) else {columns_of(expectation)[0]: value}
            for value in details.get("partial_unexpected_list") or []
        ]
    elif hasattr(expectation, "unexpected_rows_query") or "details" in details:
        rows = int(details["observed_value"])
        sample = (details.get("details") or {}).get("unexpected_rows") or []
        text = "1 row" if rows == 1 else f"{rows:,} rows"
        if sample:
            text += (
                f", such as {', '.join(f'{name} {value}' for name, value in _plain_row(sample[0]).items() if value)}"
            )
    else:
        rows, text, sample = -1, f"observed {short_text(details.get('observed_value'))}", []
    return _new_finding(
        suite, expectation, "failed", text, rows=rows, sample=[_plain_row(row) for row in sample[:MAX_SAMPLE]]
    )


def _counted(result: Mapping[str, Any]) -> str:
    """How many rows failed of how many, and the first values."""
    parts = f"{int(result['unexpected_count']):,} of {int(result.get('element_count') or 0):,} rows"
    values = [value for value in result.get("partial_unexpected_list") or [] if not isinstance(value, dict)]
    shown = list(dict.fromkeys("nothing" if value is None else short_text(value) for value in values))[:3]
    return parts + (f", such as {', '.join(shown)}" if shown else "")


def _exception_text(result: Any) -> str:
    """The error message of a rule that raised; empty when it did not."""
    info = result.exception_info or {}
    if "raised_exception" in info:
        return str(info.get("exception_message") or "it raised") if info["raised_exception"] else ""
    return next((str(details.get("exception_message") or "it raised") for details in info.values()), "")


def one_line(message: str, limit: int = 240) -> str:
    r"""The first line of a message that is not empty, without passwords.

    >>> one_line("connection to postgresql://me:secret@db failed\nHINT: …")
    'connection to postgresql://me:***@db failed'
    """
    text = next((line.strip() for line in message.splitlines() if line.strip()), "it raised, and said nothing")
    text = re.sub(r"^\([\w.]+\)\s*|Code: \d+\.\s*DB::Exception:\s*", "", text)
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1***@", text)[:limit]


def _plain_row(row: Any) -> dict[str, str]:
    values = row._asdict() if hasattr(row, "_asdict") else dict(row)
    return {str(name): short_text(value) for name, value in values.items()}


def short_text(value: object, limit: int = 120) -> str:
    """A value as short text that is the same on every engine.

    >>> short_text(Decimal("1.500000000000000000")), short_text(None)
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
