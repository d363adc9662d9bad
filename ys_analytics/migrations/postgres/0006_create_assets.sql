-- migrations/postgres/0006_create_assets.sql
-- Every token a position or a price may name.
--
-- A native coin such as BTC has no chain here. NULLS NOT DISTINCT keeps it from
-- being registered twice, which plain UNIQUE would allow.
--
-- Locks:   none that matter (new table).
-- Size:    one row per token and chain.

CREATE TABLE assets (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    symbol            varchar(50) NOT NULL,
    name              varchar(255) NOT NULL,
    asset_type        asset_type_enum NOT NULL,
    contract_address  varchar(42),
    chain_id          integer,
    decimals          integer DEFAULT 18,
    coingecko_id      varchar(100),
    is_active         boolean DEFAULT true,
    metadata          jsonb DEFAULT '{}'::jsonb,
    created_at        timestamptz DEFAULT now(),
    updated_at        timestamptz DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (symbol, chain_id)
);

COMMENT ON TABLE assets IS 'Every token a position or a price may name.';
COMMENT ON COLUMN assets.id IS 'The asset; ClickHouse holds the same UUID as lower-case text.';
COMMENT ON COLUMN assets.symbol IS 'Ticker, unique together with the chain.';
COMMENT ON COLUMN assets.name IS 'Full name.';
COMMENT ON COLUMN assets.asset_type IS 'What kind of token.';
COMMENT ON COLUMN assets.contract_address IS 'Its contract, 0x and forty hex digits; null for a native coin.';
COMMENT ON COLUMN assets.chain_id IS 'EVM chain id; null for a coin with a chain of its own.';
COMMENT ON COLUMN assets.decimals IS 'Decimal places on chain, in digits.';
COMMENT ON COLUMN assets.coingecko_id IS 'Its name at CoinGecko.';
COMMENT ON COLUMN assets.is_active IS 'Whether it may be traded.';
COMMENT ON COLUMN assets.metadata IS 'What else is known, such as its peg or issuer, as JSON.';
COMMENT ON COLUMN assets.created_at IS 'When it was registered, in UTC.';
COMMENT ON COLUMN assets.updated_at IS 'When it last changed, in UTC.';

-- rollback
DROP TABLE IF EXISTS assets;
