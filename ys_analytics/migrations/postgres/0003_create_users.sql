-- migrations/postgres/0003_create_users.sql
-- Who owns portfolios. Analysts know a user by id, type and KYC status alone.
--
-- Locks:   none that matter (new table).
-- Size:    one row per user.

CREATE TABLE users (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email          varchar(255) UNIQUE NOT NULL,
    username       varchar(100) UNIQUE NOT NULL,
    password_hash  varchar(255) NOT NULL,
    first_name     varchar(100),
    last_name      varchar(100),
    user_type      user_type_enum NOT NULL DEFAULT 'retail',
    kyc_status     kyc_status_enum NOT NULL DEFAULT 'pending',
    created_at     timestamptz DEFAULT now(),
    updated_at     timestamptz DEFAULT now(),
    last_login_at  timestamptz,
    is_active      boolean DEFAULT true,
    settings       jsonb DEFAULT '{}'::jsonb
);

COMMENT ON TABLE users IS 'Who owns portfolios.';
COMMENT ON COLUMN users.id IS 'The user; the only name analysts know.';
COMMENT ON COLUMN users.email IS 'Address of the user. Secret.';
COMMENT ON COLUMN users.username IS 'Login of the user. Secret.';
COMMENT ON COLUMN users.password_hash IS 'Hash of the password. Secret.';
COMMENT ON COLUMN users.first_name IS 'Given name. Secret.';
COMMENT ON COLUMN users.last_name IS 'Family name. Secret.';
COMMENT ON COLUMN users.user_type IS 'What kind of client.';
COMMENT ON COLUMN users.kyc_status IS 'How far identity is verified.';
COMMENT ON COLUMN users.created_at IS 'When the account was made, in UTC.';
COMMENT ON COLUMN users.updated_at IS 'When the account last changed, in UTC.';
COMMENT ON COLUMN users.last_login_at IS 'When the user last logged in, in UTC; null if never.';
COMMENT ON COLUMN users.is_active IS 'Whether the account is in use.';
COMMENT ON COLUMN users.settings IS 'The user''s own settings. Secret: nothing keeps tokens out of it.';

-- rollback
DROP TABLE IF EXISTS users;
