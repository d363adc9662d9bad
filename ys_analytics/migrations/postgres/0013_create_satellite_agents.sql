-- migrations/postgres/0013_create_satellite_agents.sql
-- The registry of satellite agents: what each is for and how it is.
--
-- Locks:   none that matter (new table).
-- Size:    eight rows.

CREATE TABLE satellite_agents (
    id                   varchar(50) PRIMARY KEY,
    name                 varchar(255) NOT NULL,
    description          text,
    agent_type           agent_type_enum NOT NULL,
    implementation_type  implementation_type_enum NOT NULL,
    version              varchar(50) NOT NULL,
    configuration        jsonb NOT NULL DEFAULT '{}'::jsonb,
    performance_metrics  jsonb DEFAULT '{}'::jsonb,
    health_status        health_status_enum DEFAULT 'unknown',
    last_health_check    timestamptz,
    is_active            boolean DEFAULT true,
    created_at           timestamptz DEFAULT now(),
    updated_at           timestamptz DEFAULT now()
);

COMMENT ON TABLE satellite_agents IS 'The satellite agents.';
COMMENT ON COLUMN satellite_agents.id IS 'The satellite: sage, forge, pulse, aegis, echo, fuel, bridge or oracle.';
COMMENT ON COLUMN satellite_agents.name IS 'Its full name.';
COMMENT ON COLUMN satellite_agents.description IS 'What it does.';
COMMENT ON COLUMN satellite_agents.agent_type IS 'Its trade.';
COMMENT ON COLUMN satellite_agents.implementation_type IS 'How it is built.';
COMMENT ON COLUMN satellite_agents.version IS 'Which build runs.';
COMMENT ON COLUMN satellite_agents.configuration IS 'How it is set, as JSON.';
COMMENT ON COLUMN satellite_agents.performance_metrics IS 'What it says of itself, as JSON.';
COMMENT ON COLUMN satellite_agents.health_status IS 'How it is.';
COMMENT ON COLUMN satellite_agents.last_health_check IS 'When that was asked, in UTC; null if never.';
COMMENT ON COLUMN satellite_agents.is_active IS 'Whether it runs.';
COMMENT ON COLUMN satellite_agents.created_at IS 'When it was registered, in UTC.';
COMMENT ON COLUMN satellite_agents.updated_at IS 'When it last changed, in UTC.';

-- rollback
DROP TABLE IF EXISTS satellite_agents;
