-- migrations/postgres/0019_create_daily_external_flows.sql
-- What crossed each portfolio's edge, by day and asset; kept up by migrations.refresh.
--
-- The flow rule: a confirmed deposit or withdrawal that names no protocol is
-- external; `metadata.flow` (external or internal) overrides. Amounts stay in units
-- of the asset, because prices live in ClickHouse.
--
-- Locks:   none that matter (new view); a concurrent refresh blocks no reader.
-- Size:    at most one row per portfolio, day, asset, direction and rule.

CREATE MATERIALIZED VIEW daily_external_flows AS
WITH flow AS (
    SELECT
        portfolio_id,
        (timestamp AT TIME ZONE 'UTC')::date AS day,
        CASE transaction_type WHEN 'deposit' THEN 'in' ELSE 'out' END AS direction,
        CASE WHEN metadata ->> 'flow' IN ('external', 'internal') THEN 'override' ELSE 'protocol' END AS rule,
        CASE WHEN metadata ->> 'flow' IN ('external', 'internal')
            THEN metadata ->> 'flow' = 'external'
            ELSE protocol_name IS NULL
        END AS is_external,
        -- What arrived or what left; the other leg only where that one is not named.
        CASE WHEN (transaction_type = 'deposit' AND to_asset_id IS NOT NULL) OR from_asset_id IS NULL
            THEN to_asset_id ELSE from_asset_id
        END AS asset_id,
        CASE WHEN (transaction_type = 'deposit' AND to_asset_id IS NOT NULL) OR from_asset_id IS NULL
            THEN to_amount ELSE from_amount
        END AS amount
    FROM transactions
    WHERE transaction_type IN ('deposit', 'withdraw') AND status = 'confirmed'
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
FROM flow
WHERE is_external
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
COMMENT ON COLUMN daily_external_flows.amount IS 'How much, in units of the asset, never negative; null if any of the transactions names no amount.';
COMMENT ON COLUMN daily_external_flows.flows IS 'How many transactions.';

-- rollback
DROP MATERIALIZED VIEW daily_external_flows;
