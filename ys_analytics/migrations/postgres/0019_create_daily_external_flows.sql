-- migrations/postgres/0019_create_daily_external_flows.sql
-- What crossed each portfolio's edge, by day and asset; kept up by migrations.refresh.
--
-- The flow rule, the same as metrics/flows.py's: of confirmed transactions, one whose
-- `metadata.flow` says external is, one that says internal is not, and otherwise a
-- deposit or withdrawal that names no protocol is. Amounts stay in units of the
-- asset, because prices live in ClickHouse.
--
-- Locks:   none that matter (new view); a concurrent refresh blocks no reader.
-- Size:    at most one row per portfolio, day, asset, direction and rule.

CREATE MATERIALIZED VIEW daily_external_flows AS
WITH external AS (
    SELECT
        portfolio_id,
        (timestamp AT TIME ZONE 'UTC')::date AS day,
        transaction_type,
        CASE WHEN metadata ->> 'flow' = 'external' THEN 'override' ELSE 'protocol' END AS rule,
        from_asset_id,
        from_amount,
        from_asset_id IS NOT NULL AND from_amount IS NOT NULL AS went,
        to_asset_id,
        to_amount,
        to_asset_id IS NOT NULL AND to_amount IS NOT NULL AS came
    FROM transactions
    WHERE status = 'confirmed'
      AND CASE
          WHEN metadata ->> 'flow' IN ('external', 'internal') THEN metadata ->> 'flow' = 'external'
          ELSE transaction_type IN ('deposit', 'withdraw') AND coalesce(btrim(protocol_name), '') = ''
      END
),
-- A deposit is what arrived, a withdrawal what left, each by its other leg where its own
-- is not stated; any other type, called external by its metadata, may be both.
leg AS (
    SELECT portfolio_id, day, rule, 'in' AS direction,
        CASE WHEN transaction_type = 'deposit' AND went AND NOT came THEN from_asset_id ELSE to_asset_id END AS asset_id,
        CASE WHEN transaction_type = 'deposit' AND went AND NOT came THEN from_amount ELSE to_amount END AS amount
    FROM external
    WHERE transaction_type = 'deposit' OR (transaction_type <> 'withdraw' AND to_asset_id IS NOT NULL)
    UNION ALL
    SELECT portfolio_id, day, rule, 'out' AS direction,
        CASE WHEN transaction_type = 'withdraw' AND came AND NOT went THEN to_asset_id ELSE from_asset_id END AS asset_id,
        CASE WHEN transaction_type = 'withdraw' AND came AND NOT went THEN to_amount ELSE from_amount END AS amount
    FROM external
    WHERE transaction_type = 'withdraw' OR (transaction_type <> 'deposit' AND from_asset_id IS NOT NULL)
)
SELECT
    portfolio_id,
    day,
    asset_id,
    direction,
    rule,
    -- A sum that silently left out an unknown amount would be a wrong number.
    CASE WHEN count(amount) = count(*) THEN sum(amount) END AS amount,
    count(*) AS flows
FROM leg
GROUP BY portfolio_id, day, asset_id, direction, rule;

-- REFRESH ... CONCURRENTLY needs it.
CREATE UNIQUE INDEX daily_external_flows_key ON daily_external_flows
    (portfolio_id, day, asset_id, direction, rule) NULLS NOT DISTINCT;

COMMENT ON MATERIALIZED VIEW daily_external_flows IS 'What crossed each portfolio''s edge, by day and asset.';
COMMENT ON COLUMN daily_external_flows.portfolio_id IS 'Whose flow.';
COMMENT ON COLUMN daily_external_flows.day IS 'UTC day.';
COMMENT ON COLUMN daily_external_flows.asset_id IS 'In which asset; null where the transaction names none.';
COMMENT ON COLUMN daily_external_flows.direction IS 'in: money arrived; out: money left.';
COMMENT ON COLUMN daily_external_flows.rule IS 'What made it external: protocol (none is named) or override (metadata.flow says so).';
COMMENT ON COLUMN daily_external_flows.amount IS 'How much, in units of the asset; null if any of the transactions names no amount.';
COMMENT ON COLUMN daily_external_flows.flows IS 'How many transactions.';

-- rollback
DROP MATERIALIZED VIEW IF EXISTS daily_external_flows;
