"""Share of faults that the checks catch, false alarms, and speed: the table behind the claims in the README.

Needs real prices in `../shared/data/market`. Run as `python benchmarks/quality_bench.py`; `--speed` alone
measures a dozen rules over a million frozen rows next to Great Expectations' pandas engine.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from ys_analytics.schemas import Finding

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

MARKET = HERE.parents[1] / "shared" / "data" / "market" / "market_data_normalized.parquet"
ROWS = 1_000_000
TIMES = 3


def real_quotes() -> pl.DataFrame:
    """Real daily prices in the columns of `market_data`, as floats so that any factor fits."""
    return (
        pl.read_parquet(MARKET)
        .with_columns(
            pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            pl.col("volume_24h", "market_cap").fill_null(0.0),
            pl.col("price_change_24h").fill_null(0.0) / 100,
            chain_id=pl.lit(0, pl.UInt32),
        )
        .sort("asset_id", "timestamp")
    )


def measure_caught() -> None:
    """Per kind: faults injected and caught, and false findings per thousand clean series-days."""
    from quality_dirt import SERIES, corpus
    from quality_score import NEWS, Score, by_kind, findings, score

    from ys_analytics.quality import suites

    detectors = suites.read("market_data").detectors
    quotes = real_quotes()
    live = quotes.filter(pl.col("timestamp").max().over(SERIES) == quotes.get_column("timestamp").max())
    known_names = {"all": findings(quotes, detectors), "live": findings(live, detectors)}
    scores: dict[object, Score] = {}
    for number, dirt in enumerate(corpus()):
        which = "live" if dirt.kind in {"feed stopped", "last price off"} else "all"
        scores[dirt] = score(live if which == "live" else quotes, dirt, detectors, known_names[which], seed=number)
    print(f"\n{quotes.height:,} real series-days of {quotes['asset_id'].n_unique()} coins")
    print(f"{'kind':18}{'sizes':>6}{'injected':>10}{'caught':>9}{'share':>9}{'false per 1,000':>17}")
    for kind, each in by_kind(scores).items():
        sizes = sum(dirt.kind == kind for dirt in scores)
        print(
            f"{kind:18}{sizes:>6}{each.injected:>10,}{each.caught:>9,}{each.share:>9.1%}{each.false_per_thousand:>17.3f}"
        )
    false = known_names["all"].filter(~pl.col("rule").is_in([*NEWS, "no_gap(timestamp)"])).height
    print(f"clean quotes: {false} false findings, {1000 * false / quotes.height:.3f} per 1,000 series-days\n")
    print("hardest sizes:")
    for dirt, each in sorted(scores.items(), key=lambda pair: pair[1].share)[:8]:
        print(f"  {dirt.kind}, {dirt.size}: {each.caught} of {each.injected}")


def measure_demo() -> None:
    """Per kind: rows spoilt in the demo's own tables, and rows the checker then counts."""
    from quality_demo import measure

    total: dict[str, list[int]] = {}
    print(f"\n{'in the demo':20}{'size':45}{'table':24}{'spoilt':>8}{'found':>7}")
    for kind, altered, found_rows in measure():
        print(f"{kind.kind:20}{kind.size:45}{kind.table:24}{altered:>8}{found_rows:>7}")
        counted = total.setdefault(kind.kind, [0, 0])
        counted[0] += altered
        counted[1] += found_rows
    print(f"\n{'in the demo':20}{'spoilt':>8}{'found':>7}{'share':>8}")
    for name, (altered, found_rows) in total.items():
        print(f"{name:20}{altered:>8}{found_rows:>7}{found_rows / altered:>8.1%}")


def measure_false_alarms() -> None:
    """What is said of data in which nothing is wrong: twenty clean demos, and every real history."""
    import quality_honest

    from ys_analytics import quality

    head = f"{'nothing is wrong':28}{'rows':>10}{'critical':>10}{'false':>7}{'per 1,000':>11}{'true or planted':>17}"
    print(f"\n{head}")
    rows = quality_honest.PORTFOLIOS * quality_honest.DAYS
    found_rows = [each for seed in quality_honest.SEEDS for each in quality_honest.demo_findings(seed)]
    seeds = len(quality_honest.SEEDS)
    _false_alarm_line(f"{seeds} clean demos, 30 x 200", rows * seeds, found_rows,
            quality_honest.PLANTED_ALARMS)  # fmt: skip
    for name in quality_honest.HISTORIES:
        history = quality_honest.history(name)
        if history is not None:
            known_names = quality_honest.not_passed(quality_honest.history_findings(history))
            _false_alarm_line(history.name, history.rows.height, known_names, quality_honest.TRUE_FINDINGS)
    quality.stop_worker()


def _false_alarm_line(
    name: str, rows: int, found_rows: "list[Finding]", known_names: Mapping[tuple[str, str], str]
) -> None:
    """One line: rows that critical rules, and warnings about nothing, name; and how many warnings are true."""
    false = [each for each in found_rows if (each.suite, each.rule) not in known_names]
    critical = sum(each.severity == "critical" for each in found_rows)
    false_findings = sum(max(each.rows, 0) for each in false)
    print(
        f"{name:28}{rows:>10,}{critical:>10}{false_findings:>7}"
        f"{1000 * false_findings / rows:>11.3f}{len(found_rows) - len(false):>17}"
    )


def million_quotes() -> pl.DataFrame:
    """A million quotes, exact."""
    number = pl.int_range(ROWS, eager=True)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return pl.DataFrame({"number": number}).select(
        timestamp=pl.lit(start) + pl.duration(minutes=pl.col("number") // 50),
        asset_id=pl.format("00000000-0000-4000-8000-{}", (pl.col("number") % 50).cast(pl.String).str.zfill(12)),
        chain_id=(pl.col("number") % 3).cast(pl.UInt32),
        price=(pl.col("number") % 9973 + 1).cast(pl.Decimal(38, 18)),
        volume_24h=(pl.col("number") % 9967 + 1).cast(pl.Decimal(38, 18)),
        market_cap=(pl.col("number") % 9949 + 1).cast(pl.Decimal(38, 18)),
        price_change_24h=((pl.col("number") % 97) / 1000).cast(pl.Decimal(18, 8)),
        source=pl.lit("bench"),
    )


def twelve_rules() -> list[object]:
    """Twelve rules that both engines know."""
    from great_expectations import expectations as ask

    return [
        *(ask.ExpectColumnValuesToNotBeNull(column=name) for name in ("timestamp", "asset_id", "price", "source")),
        ask.ExpectColumnValuesToBeBetween(column="price", min_value=0, strict_min=True),
        ask.ExpectColumnValuesToBeBetween(column="volume_24h", min_value=0),
        ask.ExpectColumnValuesToBeBetween(column="market_cap", min_value=0),
        ask.ExpectColumnValuesToBeBetween(column="price_change_24h", min_value=-1, max_value=100),
        ask.ExpectColumnValuesToBeBetween(column="chain_id", min_value=0),
        ask.ExpectColumnValueLengthsToEqual(column="asset_id", value=36),
        ask.ExpectColumnValuesToBeInSet(column="source", value_set=["bench"]),
        ask.ExpectCompoundColumnsToBeUnique(column_list=["asset_id", "chain_id", "timestamp", "source"]),
    ]


def measure_speed() -> None:
    """A dozen rules over a million frozen rows: ours through ClickHouse's engine, and the pandas engine."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    started = time.perf_counter()
    import great_expectations as gx

    from ys_analytics.quality import checks
    from ys_analytics.quality.suite_types import Suite

    print(f"\nimporting Great Expectations: {time.perf_counter() - started:.1f} s")
    quotes = million_quotes()
    rules = twelve_rules()
    for each in rules:
        each.severity, each.notes = "warning", "It hurts."
    suite = Suite(name="market_data", expectations=tuple(rules), detectors=())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "market_data.parquet"
        quotes.write_parquet(file)
        ours = [_ours(checks, suite, file, folder) for _ in range(TIMES)]
    peer_seconds = [_pandas(gx, quotes) for _ in range(TIMES)]
    print(f"{'a dozen rules over 1,000,000 frozen rows':44}{'median':>9}{'best':>9}")
    for name, seconds in (
        ("ours, on Parquet through ClickHouse", ours),
        ("Great Expectations on pandas", peer_seconds),
    ):
        print(f"{name:44}{median(seconds):>7.2f} s{min(seconds):>7.2f} s")
    print(f"ratio of medians: {median(peer_seconds) / median(ours):.1f}")


def _ours(checks: object, suite: object, file: Path, folder: str) -> float:
    with checks.Checker(f"clickhousedb://?interface=chdb&path={folder}/engine", "clickhouse") as checker:
        started = time.perf_counter()
        checker.run([f"CREATE OR REPLACE VIEW market_data AS SELECT * FROM file('{file}', 'Parquet')"])  # noqa: S608
        with contextlib.redirect_stdout(io.StringIO()):
            found_rows = checker.validate(suite, checks.Relation("market_data"))
        seconds = time.perf_counter() - started
    if any(each.outcome != "passed" for each in found_rows):
        sys.exit(f"a rule that holds did not pass: {json.dumps([each.to_json() for each in found_rows])[:2000]}")
    return seconds


def _pandas(gx: object, quotes: pl.DataFrame) -> float:
    """Loading into pandas is part of it: that engine checks nothing else."""
    started = time.perf_counter()
    rows = quotes.to_pandas()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("market_data")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": rows})
    result = batch.validate(gx.ExpectationSuite(name="dozen", expectations=twelve_rules()))
    if not result.success:
        sys.exit("a rule that holds did not pass on pandas")
    return time.perf_counter() - started


def measure_run() -> None:
    """All suites over the demo's run, with imports."""
    from quality_frames import demo, frozen

    from ys_analytics import quality

    with frozen(demo()) as run:
        started = time.perf_counter()
        found_rows = quality.validate(run)
        seconds = time.perf_counter() - started
    quality.stop_worker()
    print(f"\nall suites over the demo's run, imports included: {seconds:.1f} s for {quality.summary(found_rows)}")
    not_run = [f"{each.suite} {each.rule}: {each.observed}" for each in found_rows if each.outcome == "error"]
    if not_run:
        sys.exit(f"could not run: {'; '.join(not_run)}")


def main() -> None:
    """Print what was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--speed", action="store_true", help="only how fast")
    wanted.add_argument("--honest", action="store_true", help="only what is said of data in which nothing is wrong")
    arguments = wanted.parse_args()
    warnings.simplefilter("ignore")
    if arguments.honest:
        measure_false_alarms()
        return
    print("## Checks\n\n```")
    measure_run()
    measure_speed()
    if not arguments.speed:
        measure_false_alarms()
        measure_demo()
        if MARKET.is_file():
            measure_caught()
        else:
            print("what is caught: needs ../shared/data/market, which is not here")
    print("```")


if __name__ == "__main__":
    main()
