-- migrations/postgres/0020_create_current_exposure.sql
-- What each portfolio is exposed to now, by asset type, protocol and chain; kept up by migrations.refresh.
--
-- A position without a protocol sits in a wallet, shown as ''. A position without a
-- chain takes its asset's; a coin with a chain of its own has none, shown as 0, the
-- number ClickHouse gives it too.
--
-- Locks:   none that matter (new view); a concurrent refresh blocks no reader.
-- Size:    a few rows per portfolio.

CREATE MATERIALIZED VIEW current_exposure AS
SELECT
    position.portfolio_id,
    asset.asset_type,
    coalesce(position.protocol_address::text, '') AS protocol_address,
    coalesce(position.chain_id, asset.chain_id, 0) AS chain_id,
    sum(position.current_value) AS value,
    count(*) AS positions
FROM portfolio_positions AS position
JOIN assets AS asset ON asset.id = position.asset_id
GROUP BY 1, 2, 3, 4;

-- REFRESH ... CONCURRENTLY needs it.
CREATE UNIQUE INDEX current_exposure_key ON current_exposure (portfolio_id, asset_type, protocol_address, chain_id);

COMMENT ON MATERIALIZED VIEW current_exposure IS 'What each portfolio is exposed to now.';
COMMENT ON COLUMN current_exposure.portfolio_id IS 'Whose exposure.';
COMMENT ON COLUMN current_exposure.asset_type IS 'To what kind of token.';
COMMENT ON COLUMN current_exposure.protocol_address IS 'In which contract; empty for a wallet.';
COMMENT ON COLUMN current_exposure.chain_id IS 'EVM chain id; 0 for a coin with a chain of its own.';
COMMENT ON COLUMN current_exposure.value IS 'Net value in USD; debts count negative.';
COMMENT ON COLUMN current_exposure.positions IS 'How many positions.';

-- rollback
DROP MATERIALIZED VIEW IF EXISTS current_exposure;
