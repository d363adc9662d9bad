"""PostgreSQL's schema: everything the specification names is there, as `schemas` declares it."""

import pytest

from ys_analytics import migrations
from ys_analytics.errors import MigrationError, StoreError
from ys_analytics.schemas import TABLES
from ys_analytics.schemas.postgres import ENUMS

DECLARED = [table for table in TABLES.values() if table.store == "postgres"]
# Named in the specification, index by index.
INDEXES = {
    "idx_portfolios_user_id": "portfolios (user_id)",
    "idx_portfolio_positions_portfolio_id": "portfolio_positions (portfolio_id)",
    "idx_transactions_portfolio_id": "transactions (portfolio_id)",
    "idx_transactions_timestamp": 'transactions ("timestamp" DESC)',
    "idx_transactions_chain_block": "transactions (chain_id, block_number)",
    "idx_risk_assessments_portfolio_id": "risk_assessments (portfolio_id)",
    "idx_risk_alerts_portfolio_severity": "risk_alerts (portfolio_id, severity)",
    "idx_agent_tasks_agent_status": "agent_tasks (agent_id, status)",
    "idx_portfolio_positions_asset_type": "portfolio_positions (portfolio_id, position_type)",
    "idx_transactions_type_status": "transactions (transaction_type, status)",
    "idx_risk_assessments_type_score": "risk_assessments (assessment_type, risk_score DESC)",
}
# Tables of ours next to the thirteen: what the rulings need and the specification does not name.
OURS = {"transaction_hashes"}


@pytest.mark.parametrize("table", DECLARED, ids=lambda table: table.name)
def test_columns_are_as_declared(shared, table):
    """Name, type, null and order of every column; none more than the specification has."""
    found = shared.postgres.rows(
        """
        SELECT attname::text, format_type(atttypid, atttypmod), NOT attnotnull
        FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """,
        {"table": table.name},
    )
    assert found == [(column.name, column.native_type, column.nullable) for column in table.columns]


def test_information_schema_agrees(shared):
    """The catalogue other tools read says the same of the thirteen tables."""
    found = shared.postgres.rows(
        """
        SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
        """
    )
    tables = {table.name: table for table in DECLARED if not table.view}
    assert len(tables) == 13
    assert {name for name, _, _ in found if not partition(name)} == set(tables) | OURS
    for table in tables.values():
        columns = [(column, null == "YES") for name, column, null in found if name == table.name]
        assert columns == [(column.name, column.nullable) for column in table.columns]


def partition(name):
    """Whether a table is a part of another."""
    return name.startswith(("transactions_", "risk_assessments_"))


def test_everything_has_a_comment(shared):
    """Tables, columns, enums, functions and the indexes of the specification say what they are for."""
    silent = shared.postgres.rows(
        """
        SELECT relname::text, attname::text
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm') AND NOT relispartition
          AND (obj_description(pg_class.oid, 'pg_class') IS NULL OR col_description(pg_class.oid, attnum) IS NULL)
        UNION ALL
        SELECT typname::text, '' FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype = 'e' AND obj_description(oid, 'pg_type') IS NULL
        UNION ALL
        SELECT indexrelid::regclass::text, '' FROM pg_index
        WHERE indexrelid::regclass::text ~ '^idx_' AND obj_description(indexrelid, 'pg_class') IS NULL
        """
    )
    assert silent == []


def test_the_sixteen_enums_are_as_the_specification_has_them(shared):
    """Every value in the order the specification gives, which is the order they compare in."""
    found = shared.postgres.rows(
        """
        SELECT typname::text, array_agg(enumlabel::text ORDER BY enumsortorder)
        FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY typname
        """
    )
    assert len(found) == 16
    assert {name: tuple(labels) for name, labels in found} == ENUMS


def test_the_eleven_indexes_are_as_the_specification_has_them(shared):
    """On the columns and in the direction the specification names; partitions have their own of each."""
    found = dict(
        shared.postgres.rows(
            """
            SELECT indexname::text, regexp_replace(indexdef, '^.* ON (?:ONLY )?public\\.(\\w+) USING btree ', '\\1 ')
            FROM pg_indexes WHERE indexname ~ '^idx_'
            """
        )
    )
    assert found == INDEXES
    [(of_a_month,)] = shared.postgres.rows("SELECT count(*) FROM pg_indexes WHERE tablename = 'transactions_2026_11'")
    assert of_a_month == 5  # four and the primary key


def test_the_eight_satellites_are_as_the_specification_has_them(shared):
    """As the specification introduces them, unchecked and active."""
    found = shared.postgres.rows(
        "SELECT id, agent_type::text, implementation_type::text, version, health_status::text, is_active"
        " FROM satellite_agents ORDER BY id"
    )
    assert [row[:3] for row in found] == [
        ("aegis", "security", "custom"),
        ("bridge", "cross_chain", "custom"),
        ("echo", "sentiment", "elizaos"),
        ("forge", "builder", "custom"),
        ("fuel", "logistics", "hybrid"),
        ("oracle", "data", "hybrid"),
        ("pulse", "growth", "hybrid"),
        ("sage", "logic", "custom"),
    ]
    assert {row[3:] for row in found} == {("1.0.0", "unknown", True)}


def test_references_and_what_follows_a_deletion(shared):
    """Who goes with whom, and who keeps whom from going."""
    found = shared.postgres.rows(
        """
        SELECT conrelid::regclass::text, confrelid::regclass::text, confdeltype::text FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0 ORDER BY conrelid::regclass::text, confrelid::regclass::text
        """
    )
    cascade, keep = "c", "a"
    assert found == [
        ("agent_tasks", "satellite_agents", keep),
        ("portfolio_positions", "assets", keep),
        ("portfolio_positions", "portfolios", cascade),
        ("portfolios", "users", cascade),
        ("risk_alerts", "portfolios", cascade),
        ("risk_alerts", "users", keep),
        ("risk_assessments", "portfolios", cascade),
        ("trading_strategies", "portfolios", cascade),
        ("transactions", "assets", keep),
        ("transactions", "assets", keep),
        ("transactions", "portfolios", cascade),
        ("transactions", "trading_strategies", keep),
        ("user_api_keys", "users", cascade),
        ("user_sessions", "users", cascade),
    ]


def register(symbol, chain, contract="NULL"):
    """SQL that adds an asset."""
    return (
        "INSERT INTO assets (symbol, name, asset_type, chain_id, contract_address) "  # noqa: S608 - ours
        f"VALUES ('{symbol}', 'Any', 'crypto', {chain}, {contract})"
    )


@pytest.mark.parametrize("chain", ["NULL", "1"])
def test_a_coin_without_a_contract_is_registered_once_a_chain(swept, chain):
    """Having no chain counts as one, so BTC is not let in twice."""
    swept.postgres.run(register("BTC", chain))
    with pytest.raises(StoreError, match="assets_symbol_chain_id_key"):
        swept.postgres.run(register("BTC", chain))
    swept.postgres.run(register("BTC", "137"))


@pytest.mark.parametrize("chain", ["NULL", "10"])
def test_a_contract_is_registered_once_a_chain_and_a_symbol_as_often_as_it_is_used(swept, chain):
    """Native and bridged USDC live on one chain; the same contract in another spelling is the same contract."""
    native, bridged = "'0x" + "c" * 40 + "'", "'0x" + "d" * 40 + "'"
    swept.postgres.run(register("USDC", chain, native))
    swept.postgres.run(register("USDC", chain, bridged))
    swept.postgres.run(register("USDC", chain))
    swept.postgres.run(register("USDC", "8453", native))
    with pytest.raises(StoreError, match="assets_contract_key"):
        swept.postgres.run(register("USDC.e", chain, native.upper().replace("X", "x")))


def test_the_old_rule_comes_back_only_where_no_symbol_repeats(migrated, settings):
    """Undone, a symbol is unique with its chain again; rows that break that keep the new rule in force."""
    native, bridged = "'0x" + "c" * 40 + "'", "'0x" + "d" * 40 + "'"
    migrated.postgres.run(register("USDC", "10", native))
    migrated.postgres.run(register("USDC", "10", bridged))
    with pytest.raises(MigrationError, match=r"0023_let_symbols_repeat\.sql was refused.*assets_symbol_chain_id_key"):
        migrations.down(migrated, to="0022")
    assert migrations.schema_version(migrated)["postgres"] == "0023"
    migrated.postgres.run("DELETE FROM assets WHERE contract_address = %(of)s", {"of": "0x" + "d" * 40})
    migrations.down(migrated, to="0022")
    with pytest.raises(StoreError, match="assets_symbol_chain_id_key"):
        migrated.postgres.run(register("USDC", "10", bridged))
    migrations.up(migrated, settings=settings)
    migrated.postgres.run(register("USDC", "10", bridged))


def test_defaults_are_the_specifications(swept):
    """A row of required columns alone is whole."""
    swept.postgres.run(
        """
        INSERT INTO users (email, username, password_hash) VALUES ('a', 'b', 'c');
        INSERT INTO portfolios (user_id, name) SELECT id, 'p' FROM users;
        INSERT INTO agent_tasks (agent_id, task_type) VALUES ('sage', 'look');
        """
    )
    assert swept.postgres.rows("SELECT user_type::text, kyc_status::text, is_active, settings::text FROM users") == [
        ("retail", "pending", True, "{}")
    ]
    [(risk, rhythm, fall, hope)] = swept.postgres.rows(
        "SELECT risk_profile::text, rebalancing_strategy::text, max_drawdown::text, target_return::text FROM portfolios"
    )
    assert (risk, rhythm, fall, hope) == ("moderate", "monthly", "0.2000", "0.1500")
    assert swept.postgres.rows("SELECT priority, status::text FROM agent_tasks") == [(5, "pending")]
