"""What the cases of flows and attribution ask."""

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from ys_analytics.metrics import attribution, flows

from .cases import CaseInputs, series


def dated(a: CaseInputs) -> list[tuple[date, float]]:
    if "flows" in a.inputs:
        return [(date.fromisoformat(day), float(amount)) for day, amount in a.inputs["flows"]]
    data = pl.read_csv(series(a.inputs["csv"]), has_header=True, try_parse_dates=False)
    rows = [*data.rows()]
    if not re.search("[a-z]", "".join(data.columns).lower()):
        rows = [tuple(data.columns), *rows]
    return [(date.fromisoformat(str(row[0]).strip()[:10]), float(row[1])) for row in rows]


def xirr(a: CaseInputs) -> Any:
    found = flows.xirr(dated(a), day_count=a.how["day_count"])
    return one_of(found, a.case["expected"])


def irr(a: CaseInputs) -> Any:
    amounts = a.inputs.get("cash_flows") or [amount for _, amount in dated(a)]
    return one_of(flows.irr([float(amount) for amount in amounts]), a.case["expected"])


def one_of(found: flows.MoneyWeighted, expected: float | None) -> float | None:
    """Where several rates solve it we name them all and choose none; the tool's choice must be among them."""
    if len(found.roots) > 1 and expected is not None:
        assert found.rate is None
        assert found.reason
        return min(found.roots, key=lambda root: abs(root - expected))
    assert (found.rate is None) == (found.reason is not None)
    return found.rate


def modified_dietz(a: CaseInputs) -> Any:
    moved = [(flow["amount"], flow["weight"]) for flow in a.inputs["flows"]]
    if "end" not in a.inputs:
        return flows.average_capital(a.inputs["begin"], moved)
    return flows.modified_dietz(a.inputs["begin"], a.inputs["end"], moved)


def npv(a: CaseInputs) -> Any:
    return flows.npv(a.how["rate"], a.inputs["cash_flows"], first=1 if a.how["first"] == "t=1" else 0)


def mirr(a: CaseInputs) -> Any:
    amounts = [float(amount) for amount in a.inputs["cash_flows"]]
    return flows.mirr(amounts, finance_rate=a.how["finance_rate"], reinvest_rate=a.how["reinvest_rate"])


def segments(inputs: dict[str, Any], suffix: str = "") -> pl.DataFrame:
    names = inputs["segments"]
    columns = {
        "weight": inputs["weights_portfolio"],
        "benchmark_weight": inputs["weights_benchmark"],
        "ret": inputs[f"returns_portfolio{suffix}"],
        "benchmark_ret": inputs[f"returns_benchmark{suffix}"],
    }
    nested = isinstance(columns["weight"][0], list)
    periods = len(columns["weight"]) if nested else 1
    flat = {name: [float(x) for row in (value if nested else [value]) for x in row] for name, value in columns.items()}
    labels = {"segment": names * periods, "period": [t for t in range(periods) for _ in names]}
    return pl.DataFrame(labels | flat)


def with_total(values: list[float]) -> list[float]:
    return [*values, math.fsum(values)]


def brinson(effect: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        words = a.how["model"]
        model = "brinson_fachler" if "Fachler" in words else "brinson_hood_beebower"
        inside = "selection" if "top-down" in words else "allocation" if "bottom-up" in words else "apart"
        return with_total(attribution.brinson(segments(a.inputs), model=model, interaction=inside)[effect].to_list())

    return of


def brinson_totals(a: CaseInputs) -> Any:
    frame = segments(a.inputs)
    own, market = (frame.select((pl.col(w) * pl.col(r)).sum()).item() for w, r in SIDES)
    effects = attribution.brinson(frame)["total"].sum()
    assert math.isclose(effects, own - market, abs_tol=1e-12)
    return [own, market, own - market]


SIDES = (("weight", "ret"), ("benchmark_weight", "benchmark_ret"))


def geometric(effect: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        local = "returns_portfolio_local" in a.inputs
        frame = segments(a.inputs, "_local" if local else "")
        if "hedged" in str(a.how.get("currency")):
            frame = frame.with_columns(hedged_ret=pl.Series(a.inputs["returns_benchmark_hedged"]))
        return with_total(attribution.geometric_brinson(frame)[effect].to_list())

    return of


def geometric_excess(a: CaseInputs) -> Any:
    frame = segments(a.inputs, "_base")
    own, market = (frame.select((pl.col(w) * pl.col(r)).sum()).item() for w, r in SIDES)
    return (1 + own) / (1 + market) - 1


def hedging_cost(a: CaseInputs) -> Any:
    frame = segments(a.inputs, "_local").with_columns(hedged_ret=pl.Series(a.inputs["returns_benchmark_hedged"]))
    return attribution.hedging_cost(frame)


def linked(effect: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        found = attribution.linked_effects(segments(a.inputs), linking=a.how["linking"], interaction="selection")
        return with_total(found[effect].to_list())

    return of


def linked_per_period(effect: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        found = attribution.linked_effects(
            segments(a.inputs), linking=a.how["linking"], interaction="selection", per_period=True
        )
        return [with_total(part[effect].to_list()) for part in found.partition_by("period", maintain_order=True)]

    return of


def davies_laker(a: CaseInputs) -> Any:
    found = attribution.compounded_notionals(segments(a.inputs))
    return [found[name] for name in a.how["order"]]


def geometric_totals(a: CaseInputs) -> Any:
    frame = segments(a.inputs)
    effects = attribution.geometric_brinson(frame, over=["period"])
    each = effects.group_by("period", maintain_order=True).agg(pl.col("allocation", "selection").sum())
    allocation, selection = (float((each[name] + 1).product()) - 1 for name in ("allocation", "selection"))
    return [(1 + allocation) * (1 + selection) - 1, allocation, selection]


def grouped(what: tuple[str, str]) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        frame = segments(a.inputs).with_columns(region=pl.Series(a.inputs["region"]))
        return [x for row in attribution.group_segments(frame, by=["region"]).select(what).rows() for x in row]

    return of
