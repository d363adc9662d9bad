-- migrations/postgres/0021_grant_analyst.sql
-- The role analysts read as: no secret column, no writing, no statement without end.
--
-- What it may read is what schemas/postgres.py does not call secret; a test compares.
-- The rights are what protects; the read-only default and the timeout only spare
-- mistakes. A role belongs to the whole server, so it may exist already, made by a DBA
-- or for another database: then it is granted its rights here and not altered. Its
-- name is in the setting ys.analyst_role of the transaction (YS_ANALYST_ROLE). The file
-- may run again, for a role that was named later.
-- ctid says where a row lies; the loader halves large tables by it.
--
-- Locks:   none that matter.
-- Size:    no rows.
-- Replaces: 94928750225136663079263951127f8a92694320d3640fb785f26342a2bdcfc1 (the role's name was fixed)

DO $$
DECLARE
    analyst text := coalesce(nullif(current_setting('ys.analyst_role', true), ''), 'ys_analyst');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = analyst) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', analyst);
            EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', analyst);
            EXECUTE format('ALTER ROLE %I SET statement_timeout = ''120s''', analyst);
            EXECUTE format('COMMENT ON ROLE %I IS ''Reads what an analyst may see; writes nothing.''', analyst);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- the migration of another database was first
        END;
    END IF;

    EXECUTE format('GRANT SELECT (ctid, id, user_type, kyc_status, created_at, updated_at, last_login_at, is_active) ON users TO %I', analyst);
    EXECUTE format('GRANT SELECT (ctid, id, user_id, permissions, is_active, expires_at, last_used_at, created_at) ON user_api_keys TO %I', analyst);
    EXECUTE format('GRANT SELECT (ctid, id, user_id, expires_at, created_at) ON user_sessions TO %I', analyst);

    EXECUTE format('GRANT SELECT ON
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
    TO %I', analyst);
END;
$$;

-- rollback
DO $$
DECLARE
    analyst text := coalesce(nullif(current_setting('ys.analyst_role', true), ''), 'ys_analyst');
    its_oid oid := (SELECT oid FROM pg_roles WHERE rolname = analyst);
BEGIN
    IF its_oid IS NOT NULL THEN
        EXECUTE format('REVOKE SELECT ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), analyst);
        -- Ours by its comment, and used by no other database: a role that somebody else made stays.
        IF shobj_description(its_oid, 'pg_authid') = 'Reads what an analyst may see; writes nothing.'
            AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = its_oid) THEN
            BEGIN
                EXECUTE format('DROP ROLE %I', analyst);
            EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN
                NULL;
            END;
        END IF;
    END IF;
END;
$$;
