-- migrations/postgres/0005_create_user_sessions.sql
-- Logins. Analysts see how many and how long, never the token, address or program.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on users, for the reference.
-- Size:    one row per login.

CREATE TABLE user_sessions (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_token  varchar(255) UNIQUE NOT NULL,
    ip_address     inet,
    user_agent     text,
    expires_at     timestamptz NOT NULL,
    created_at     timestamptz DEFAULT now()
);

COMMENT ON TABLE user_sessions IS 'Logins.';
COMMENT ON COLUMN user_sessions.id IS 'The session; not its token.';
COMMENT ON COLUMN user_sessions.user_id IS 'Whose session.';
COMMENT ON COLUMN user_sessions.session_token IS 'The bearer''s token. Secret.';
COMMENT ON COLUMN user_sessions.ip_address IS 'Where the login came from. Secret.';
COMMENT ON COLUMN user_sessions.user_agent IS 'With which program. Secret.';
COMMENT ON COLUMN user_sessions.expires_at IS 'When it ends, in UTC.';
COMMENT ON COLUMN user_sessions.created_at IS 'When it began, in UTC.';

-- rollback
DROP TABLE IF EXISTS user_sessions;
