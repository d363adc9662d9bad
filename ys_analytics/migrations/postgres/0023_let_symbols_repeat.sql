-- migrations/postgres/0023_let_symbols_repeat.sql
-- An asset is a contract on a chain, not a symbol on a chain: Optimism has a native and a bridged USDC.
--
-- A coin without a contract is still known by its symbol: once on each chain, and once
-- where it has a chain of its own. Addresses are compared without regard to case.
--
-- Fails where one contract is registered twice on a chain: merge the two rows first.
-- The rollback fails where a symbol does repeat: the old rule cannot hold those rows.
--
-- Locks:   assets, for as long as two small indexes take.
-- Size:    no rows.

ALTER TABLE assets DROP CONSTRAINT assets_symbol_chain_id_key;

CREATE UNIQUE INDEX assets_contract_key ON assets (chain_id, lower(contract_address)) NULLS NOT DISTINCT
    WHERE contract_address IS NOT NULL;
CREATE UNIQUE INDEX assets_symbol_chain_id_key ON assets (symbol, chain_id) NULLS NOT DISTINCT
    WHERE contract_address IS NULL;

COMMENT ON INDEX assets_contract_key IS 'A contract is one asset of a chain.';
COMMENT ON INDEX assets_symbol_chain_id_key IS 'A coin without a contract is one asset of a chain.';
COMMENT ON COLUMN assets.symbol IS 'Ticker; several contracts of a chain may have the same.';
COMMENT ON COLUMN assets.contract_address IS
    'Its contract, 0x and forty hex digits, unique on its chain; null for a native coin.';

-- rollback
DROP INDEX IF EXISTS assets_symbol_chain_id_key;
DROP INDEX IF EXISTS assets_contract_key;
ALTER TABLE assets ADD CONSTRAINT assets_symbol_chain_id_key UNIQUE NULLS NOT DISTINCT (symbol, chain_id);
COMMENT ON COLUMN assets.symbol IS 'Ticker, unique together with the chain.';
COMMENT ON COLUMN assets.contract_address IS 'Its contract, 0x and forty hex digits; null for a native coin.';
