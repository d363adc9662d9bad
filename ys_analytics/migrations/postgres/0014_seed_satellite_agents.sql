-- migrations/postgres/0014_seed_satellite_agents.sql
-- The eight satellites, as the specification introduces them.
--
-- Seeded before agent_tasks exists, so that undoing comes after the tasks are gone.
--
-- Locks:   none that matter (a few rows of a new table).
-- Size:    eight rows.

INSERT INTO satellite_agents (id, name, description, agent_type, implementation_type, version)
VALUES
    ('sage', 'Sage - Logic & Research', 'Market analysis and RWA integration', 'logic', 'custom', '1.0.0'),
    ('forge', 'Forge - Builder & Engineering', 'Smart contract optimization and MEV protection', 'builder', 'custom', '1.0.0'),
    ('pulse', 'Pulse - Growth & Optimization', 'Yield farming and staking optimization', 'growth', 'hybrid', '1.0.0'),
    ('aegis', 'Aegis - Security & Risk', 'Risk management and liquidation protection', 'security', 'custom', '1.0.0'),
    ('echo', 'Echo - Sentiment & Community', 'Social monitoring and sentiment analysis', 'sentiment', 'elizaos', '1.0.0'),
    ('fuel', 'Fuel - Logistics & Capital', 'Capital deployment and gas optimization', 'logistics', 'hybrid', '1.0.0'),
    ('bridge', 'Bridge - Cross-Chain Operations', 'Multi-chain coordination and arbitrage', 'cross_chain', 'custom', '1.0.0'),
    ('oracle', 'Oracle - Data Integrity', 'Data validation and RWA verification', 'data', 'hybrid', '1.0.0');

-- rollback
DELETE FROM satellite_agents
WHERE id IN ('sage', 'forge', 'pulse', 'aegis', 'echo', 'fuel', 'bridge', 'oracle');
