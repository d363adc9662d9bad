"""Frames that several verbs of a desk are computed from, each read or computed once.

Depends on the portfolio's rows, the ledger and the prices; gives nothing to the analyst.
"""

from functools import cached_property

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import activity, attribution, holdings, ledger, lookthrough, rebasing, week_end
from ys_analytics.desk.verbs.portfolio import PortfolioWeek
from ys_analytics.metrics.chains import native_assets


class Inputs(PortfolioWeek):
    """Registered assets, quotes, holdings, classified transactions and their legs."""

    @cached_property
    def _assets(self) -> pl.DataFrame:
        return self.source.rows("assets")

    @cached_property
    def _registry(self) -> lookthrough.Registry:
        """The registry of assets, for look-through at the last prices of the week."""
        return lookthrough.Registry(self._assets, lookthrough.last_prices(self._quotes_by_end))

    @property
    def _quotes_by_end(self) -> pl.DataFrame:
        return self._quotes.filter(pl.col("timestamp") < self.span.end)

    @cached_property
    def _quotes(self) -> pl.DataFrame:
        """Quotes of each asset that the portfolio moved, holds or is exposed to, and of native coins for gas."""
        transactions = self._rows("transactions")
        id_columns = [
            self._rows("portfolio_positions")["asset_id"],
            transactions["from_asset_id"],
            transactions["to_asset_id"],
        ]
        id_columns.append(native_assets(self._assets)["asset_id"])
        ids = lookthrough.Registry(self._assets).with_underlying(
            pl.concat(id_columns).drop_nulls().unique().sort().to_list()
        )
        return self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))

    @cached_property
    def _protocols(self) -> pl.DataFrame:
        return holdings.protocol_names(self.source.rows("yield_metrics"))

    @cached_property
    def _transactions(self) -> pl.DataFrame:
        classified = metrics.classify_flows(self._rows("transactions"))
        return activity.with_gas(classified, self._assets, self._quotes)

    @cached_property
    def _flows(self) -> pl.DataFrame:
        return metrics.external_flows(metrics.classify_flows(self._rows("transactions")), self._quotes)

    @cached_property
    def _recorded_legs(self) -> pl.DataFrame:
        return ledger.legs(self._transactions, self._assets)

    @cached_property
    def _legs(self) -> pl.DataFrame:
        """Legs of transactions, and growth of rebasing balances that snapshots show."""
        return rebasing.with_growth(self._recorded_legs, self._snapshots, self._legs_quotes, self._assets)

    @cached_property
    def _legs_quotes(self) -> pl.DataFrame:
        """Quotes of each asset that moved, and of what shares in pools stand for."""
        ids = ledger.priced(self._recorded_legs, self._assets)
        return self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))

    @cached_property
    def _attributed_legs(self) -> pl.DataFrame:
        return attribution.movements(ledger.itemised(self._transactions, self._assets), self._legs)

    @cached_property
    def _holdings(self) -> week_end.Holdings:
        return week_end.holdings(
            self._rows("portfolio_positions"),
            self._legs,
            snapshots=self._snapshots,
            quotes=self._quotes,
            assets=self._assets,
            transactions=self._transactions,
            read_at=self.source.as_of,
            contracts=lambda: week_end.contracts(self.source.rows("portfolio_positions"), self._protocols),
            span=self.span,
        )

    @property
    def unknown(self) -> str:
        """Why holdings at the end of the week are not known; empty where they are known."""
        return self._holdings.reason

    @property
    def _is_current(self) -> bool:
        """True where the stores were read in the state of the week's end, so that caches are of the week."""
        read = self.source.as_of
        return self._holdings.origin == "platform" or (read is not None and read <= self.span.end)
