"""How each published or cross-computed figure is asked of our functions: the convention becomes parameters.

Knows the form of the cases, of which those that may be copied are in `published/`; the package itself never reads
them. The others, whose figures or series have another owner, are read from ../shared/oracles where that is there.
"""

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from ys_analytics.metrics import performance
from ys_analytics.metrics.drawdown import underwater

PUBLISHED = Path(__file__).resolve().parent / "published"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "oracles"

R, B, F, DAY = pl.col("r"), pl.col("b"), pl.col("f"), pl.col("day")

Case = dict[str, Any]


class LeftOut(Exception):  # noqa: N818 - not an error: a case this project answers no question for
    """Why a case is not run."""


@cache
def cases() -> list[Case]:
    """Every case of every file that is here, once."""
    found: dict[str, Case] = {}
    for path in [*sorted(PUBLISHED.glob("*.json")), *sorted(SHARED.glob("*.json"))]:
        for case in json.loads(path.read_text())["cases"]:
            found.setdefault(case["id"], case)
    return list(found.values())


def series(name: str) -> Path:
    """The file of a series that a case names."""
    return next(path for path in (PUBLISHED / name, SHARED / name) if path.is_file())


@cache
def table(name: str) -> pl.DataFrame:
    """A series that a case names."""
    if name.endswith(".parquet"):
        return pl.read_parquet(SHARED.parent / "data" / name.removeprefix("../"))
    return pl.read_csv(series(name), try_parse_dates=True, null_values=["NA"])


class CaseInputs:
    """The inputs of a case as a frame of r, b, f and day, and its convention."""

    def __init__(self, case: Case) -> None:
        """Take a case as it stands in its file."""
        self.case, self.inputs, self.how = case, case["inputs"], case["convention"]

    def __call__(self, expression: pl.Expr) -> Any:
        """The one value of an expression over the case's frame."""
        return self.frame.select(expression.alias("it"))["it"].item()

    def listed(self, expression: pl.Expr) -> list[Any]:
        """All values of an expression over the case's frame."""
        return self.frame.select(expression.alias("it"))["it"].to_list()

    @property
    def year(self) -> float:
        """Periods per year: as stated, else by the frequency of the series."""
        if "periods_per_year" in self.how:
            return self.how["periods_per_year"]
        return 365 if "crypto" in self.inputs.get("prices_csv", "") else 12

    @property
    def text(self) -> str:
        """The convention in one line, to look words up in."""
        return json.dumps(self.how)

    @property
    def mar(self) -> Any:
        """The least acceptable return: a number, or the mean itself."""
        level = self.how.get(
            "mar", self.how.get("min_acceptable_return", self.inputs.get("required_return_per_period", 0))
        )
        return R.mean() if level == "mean" else 0.0 if level == "per period" else float(level)

    @property
    def frame(self) -> pl.DataFrame:
        """Returns r, of a benchmark b, without risk f, by day, as far as the case has them."""
        if "returns" in self.inputs:
            return self._inline()
        if "values" in self.inputs or "generator" in self.inputs:
            values = self.inputs.get("values") or _generated(self.inputs["generator"])
            return pl.DataFrame({"r": values}, schema={"r": pl.Float64})
        name = self.inputs.get("series_csv") or self.inputs.get("prices_csv") or self.inputs.get("csv")
        data = table(name)
        columns = self.inputs.get("columns") or [self.inputs["column"], *filter(None, [self.inputs.get("benchmark")])]
        data = data.select(day="date", **dict(zip("rbf", columns, strict=False)))
        first = re.search(r"first (\d+)", self.inputs.get("rows", ""))
        data = data.head(int(first[1])) if first else data
        if "prices" in name or "close" in name:
            numbers = [column for column in "rbf" if column in data.columns]
            if name.startswith("series/ffn"):
                data = data.with_columns(price=pl.col("r"))
            data = data.with_columns(performance.price_returns(pl.col(column)).alias(column) for column in numbers)
            return data if name.startswith("series/ffn") else data.slice(1)
        return data.with_columns(pl.exclude("day").cast(pl.Float64))

    def _inline(self) -> pl.DataFrame:
        count = len(self.inputs["returns"])
        data: dict[str, Any] = {"r": self.inputs["returns"]}
        if "benchmark" in self.inputs:
            benchmark = self.inputs["benchmark"]
            data["b"] = benchmark if isinstance(benchmark, list) else [float(benchmark)] * count
        if isinstance(self.inputs.get("risk_free_per_period"), list):
            data["f"] = self.inputs["risk_free_per_period"]
        if "dates" in self.inputs:
            data["day"] = [date.fromisoformat(day) for day in self.inputs["dates"]]
        kinds = {name: pl.Date if name == "day" else pl.Float64 for name in data}
        return pl.DataFrame(data, schema=kinds, strict=False)

    @property
    def free(self) -> Any:
        """The risk-free rate per period: a column, a number, or nothing."""
        if "f" in self.frame.columns:
            return F
        return float(self.inputs.get("risk_free_per_period", 0) or 0)

    def growth(self, ret: pl.Expr = R) -> pl.Expr:
        """Growth per year by count, missing periods counted where the convention does."""
        missing = "incl" in str(self.how.get("n", ""))
        return performance.annualised_return(ret, periods_per_year=self.year, count_missing=missing)


def _generated(words: str) -> list[float]:
    """Numbers from words such as: first value 1.2, then alternating 1.1, 1.3; 1001 values."""
    first, low, high, count = re.findall(r"[\d.]*\d", words)
    return [float(first)] + [float(low), float(high)] * (int(count) // 2)


def near_additive(ret: pl.Expr) -> pl.Expr:
    """Drawdowns as PerformanceAnalytics has them in its pain and ulcer indices: of returns divided by 100."""
    return underwater(ret / 100) * 100


def path(inputs: CaseInputs) -> pl.Expr:
    """The drawdown path a convention asks for."""
    if "ADDITIVE" in inputs.text:
        return near_additive(R)
    additive = inputs.how.get("compounded") is False
    return underwater(
        R,
        compounding="additive" if additive else "geometric",
        from_start="no initial" not in str(inputs.how.get("peak")),
    )


def signed(inputs: CaseInputs, loss: float | None) -> float | None:
    """A loss of ours in the sign of the case."""
    return -loss if loss is not None and "positive" not in inputs.how.get("sign", "") else loss
