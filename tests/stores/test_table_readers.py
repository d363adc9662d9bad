"""One way to read a table, whichever store holds it: scan, batches, count, totals, describe and distinct agree."""

from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import demo, frames
from ys_analytics.errors import UsageError
from ys_analytics.schemas import STORES, TABLES, tables_of
from ys_analytics.stores import Stores
from ys_analytics.stores.common.decimal_places import places
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Condition, TableQuery

NAMES = ("assets", "transactions", "market_data", "redis_price_current", "redis_risk_liquidation", "market_sentiment")


@pytest.fixture(scope="module")
def filled(stores):
    """A small economy; cached keys stay, however slow the machine."""
    demo.fill(stores, portfolios=1, days=30, seed=5, replace=True)
    for key in stores.redis.client.scan_iter():
        stores.redis.client.persist(key)
    return stores


def rejects(name):
    return RejectPolicy(source=name, key=TABLES[name].key)


@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_reading_gives_the_same_rows(filled, name):
    """At once and in batches, in any order and by key; as many as the store counts."""
    table = TABLES[name]
    reader = filled.reader(table.store)
    scanned = reader.scan(TableQuery(table), rejects=rejects(name)).sort(table.key)
    assert scanned.schema == table.schema
    for ordered in (True, False):
        batches = list(reader.batches(TableQuery(table), rejects=rejects(name), ordered=ordered))
        assert all(batch.schema == table.schema for batch in batches)
        assert pl.concat(batches).sort(table.key).equals(scanned)
    keys = scanned.select(getattr(table, "parts", table.key)).n_unique() if name != "redis_risk_liquidation" else 1
    assert reader.count(table) == keys > 0
    assert reader.totals(TableQuery(table), ())[0].value == Decimal(keys)
    assert reader.distinct(table, table.key[0]) == set(scanned[table.key[0]].cast(pl.String))


@pytest.mark.parametrize("name", NAMES)
def test_columns_and_conditions_make_a_read_smaller_and_lose_nothing(filled, name):
    """Only the named columns come; every row that meets the condition is among those that do."""
    table = TABLES[name]
    reader, whole = filled.reader(table.store), frames.load(filled, name)
    column = {"market_sentiment": "source", "redis_risk_liquidation": "portfolio_id"}.get(name, table.key[0])
    value = whole[column][0]
    query = TableQuery(table, columns=(column,), conditions=((Condition(column, "=", value),),))
    found = reader.scan(query, rejects=rejects(name))
    assert found.columns == [column]
    wanted = whole.filter(pl.col(column) == value).height
    assert found.filter(pl.col(column) == value).height == wanted > 0
    if STORES[table.store].sql:
        assert found.height == wanted


def test_totals_are_those_of_the_frame(filled):
    """Rows, and of each decimal smallest, largest and sum."""
    table = TABLES["market_data"]
    (place,) = [each for each in places(table) if each.name == "price"]
    found = filled.reader(table.store).totals(TableQuery(table), [place])
    price = frames.load(filled, "market_data")["price"]
    assert [total.value for total in found] == [Decimal(price.len()), price.min(), price.max(), price.sum()]


def test_a_catalogue_describes_every_declared_table(filled):
    """A store that is asked in SQL has one, with each column; the others have none."""
    for store, traits in STORES.items():
        found = filled.reader(store).describe()
        assert (found is not None) == traits.sql
        for table in tables_of(store) if found is not None else ():
            assert {column.name for column in table.columns} <= set(found[table.name])


def test_secrets_are_counted_and_never_read(filled):
    """Each way of reading refuses them."""
    table = TABLES["redis_session_user"]
    reader = filled.reader(table.store)
    assert reader.count(table) >= 0
    with pytest.raises(UsageError, match="holds secrets: it can be counted, not loaded"):
        reader.scan(TableQuery(table), rejects=rejects(table.name))


def test_every_store_has_a_reader():
    """The registry knows them all, and none but them."""
    assert set(STORES) == {name.removeprefix("opened_") for name in Stores.__dataclass_fields__}
