"""The call that shows each view of a desk, for documentation and for errors: most show the verb of their own name.

Knows names alone: views know no desk.
"""

# What stands in the parentheses, where it is not the verb of the view's own name.
_OTHER = {
    "tables.masthead": "desk.portfolio()",
    "tables.nearest_weeks": "desk.nearest_weeks(), desk.nearest_weeks_record()",
    "tables.replays": "desk.stress_replays()",
    "tables.scenarios": 'desk.scenarios("scenarios.toml")',
    "tables.sheet": "any frame",
    "tables.shock": 'desk.shock({"ETH": -0.4})',
    "tables.tail_test": "desk.var_backtest()",
    "tables.fleet_outliers": "ys.outliers()",
    "tables.limits_broken": "ys.limits_broken()",
    "tables.nearest_liquidations": "ys.nearest_liquidations()",
    "figures.alert_timeline": "desk.alert_history(), week=desk.days",
    "figures.growth": "desk.daily_returns, week=desk.days",
    "figures.liquidation_distance": "desk.liquidation_history(), week=desk.days",
    "figures.month_distribution": "desk.months()",
    "figures.pool_yields": "desk.yields()",
    "figures.return_distribution": "desk.daily_returns, desk.performance()",
    "figures.rolling_beta": "desk.rolling_beta(), days=90",
    "figures.rolling_risk": "desk.rolling(days=30), days=30",
    "figures.tail_days": "desk.var_history()",
    "figures.underwater": "desk.daily_returns, week=desk.days, limit=desk.limit",
    "figures.value": "desk.daily_values(), desk.flows(), week=desk.days",
    "figures.week_returns": "desk.week_days()",
    # Of the page of all portfolios alone.
    **dict.fromkeys(
        (
            "tables.cohorts",
            "tables.fleet",
            "tables.fleet_extremes",
            "tables.fleet_flows",
            "tables.fleet_masthead",
            "tables.fleet_totals",
            "tables.stopped",
        ),
        "",
    ),
}


def shown(room: str, view: str) -> str:
    """What a view is given: of `tables.positions`, `desk.positions()`; empty where no verb gives its frame.

    >>> shown("tables", "positions"), shown("figures", "week_returns")
    ('desk.positions()', 'desk.week_days()')
    """
    return _OTHER.get(f"{room}.{view}", f"desk.{view}()")
