-- migrations/postgres/0022_let_analyst_in.sql
-- ys_analyst may connect and look into the schema, also on a server that took both from PUBLIC.
--
-- Locks:   none that matter.
-- Size:    no rows.

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO ys_analyst', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO ys_analyst', current_schema());
END;
$$;

-- rollback
DO $$
BEGIN
    IF to_regrole('ys_analyst') IS NOT NULL THEN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM ys_analyst', current_schema());
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM ys_analyst', current_database());
    END IF;
END;
$$;
