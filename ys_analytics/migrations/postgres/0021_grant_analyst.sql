-- migrations/postgres/0021_grant_analyst.sql
-- The role analysts read as: no secret column, no writing, no statement without end.
--
-- What it may read is what schemas/postgres.py does not call secret; a test compares.
-- The rights are what protects; the read-only default and the timeout only spare
-- mistakes. A role belongs to the whole server, so it may exist already, made by
-- another database of it, and outlives the rollback while another one uses it.
-- ctid says where a row lies; the loader halves large tables by it.
--
-- Locks:   none that matter.
-- Size:    no rows.

DO $$
BEGIN
    CREATE ROLE ys_analyst LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
    ALTER ROLE ys_analyst SET default_transaction_read_only = on;
    ALTER ROLE ys_analyst SET statement_timeout = '120s';
    COMMENT ON ROLE ys_analyst IS 'Reads what an analyst may see; writes nothing.';
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END;
$$;

GRANT SELECT (ctid, id, user_type, kyc_status, created_at, updated_at, last_login_at, is_active) ON users TO ys_analyst;
GRANT SELECT (ctid, id, user_id, permissions, is_active, expires_at, last_used_at, created_at) ON user_api_keys TO ys_analyst;
GRANT SELECT (ctid, id, user_id, expires_at, created_at) ON user_sessions TO ys_analyst;

GRANT SELECT ON
    assets,
    portfolios,
    portfolio_positions,
    trading_strategies,
    transactions,
    risk_assessments,
    risk_alerts,
    satellite_agents,
    agent_tasks,
    schema_migrations,
    daily_external_flows,
    current_exposure
TO ys_analyst;

-- rollback
DO $$
BEGIN
    IF to_regrole('ys_analyst') IS NOT NULL THEN
        EXECUTE format('REVOKE SELECT ON ALL TABLES IN SCHEMA %I FROM ys_analyst', current_schema());
        IF NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole('ys_analyst')) THEN
            DROP ROLE ys_analyst;
        END IF;
    END IF;
END;
$$;
