-- migrations/postgres/0022_let_analyst_in.sql
-- The analyst's role may connect and look into the schema, also on a server that took both from PUBLIC.
--
-- Its name is in the setting ys.analyst_role of the transaction, as for 0021. The file may run again.
--
-- Locks:   none that matter.
-- Size:    no rows.
-- Replaces: fe814e09dc323d8466c3bb56eefe56422ec96d8e25d0c5d22dbcfd3a4238b98a (the role's name was fixed)

DO $$
DECLARE
    analyst text := coalesce(nullif(current_setting('ys.analyst_role', true), ''), 'ys_analyst');
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), analyst);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), analyst);
END;
$$;

-- rollback
DO $$
DECLARE
    analyst text := coalesce(nullif(current_setting('ys.analyst_role', true), ''), 'ys_analyst');
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = analyst) THEN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %I', current_schema(), analyst);
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), analyst);
    END IF;
END;
$$;
