-- migrations/postgres/0015_create_agent_tasks.sql
-- What the satellites were asked to do, and how it went.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on satellite_agents, for the reference.
-- Size:    some hundred rows a day.

CREATE TABLE agent_tasks (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_id       varchar(50) NOT NULL REFERENCES satellite_agents (id),
    task_type      varchar(100) NOT NULL,
    priority       integer NOT NULL DEFAULT 5,
    payload        jsonb NOT NULL DEFAULT '{}'::jsonb,
    status         task_status_enum NOT NULL DEFAULT 'pending',
    started_at     timestamptz,
    completed_at   timestamptz,
    error_message  text,
    result         jsonb,
    created_at     timestamptz DEFAULT now()
);

COMMENT ON TABLE agent_tasks IS 'What the satellites were asked to do.';
COMMENT ON COLUMN agent_tasks.id IS 'The task.';
COMMENT ON COLUMN agent_tasks.agent_id IS 'Which satellite.';
COMMENT ON COLUMN agent_tasks.task_type IS 'What was asked.';
COMMENT ON COLUMN agent_tasks.priority IS 'How urgent: 1 first, 10 last.';
COMMENT ON COLUMN agent_tasks.payload IS 'With which input, as JSON.';
COMMENT ON COLUMN agent_tasks.status IS 'How far it is.';
COMMENT ON COLUMN agent_tasks.started_at IS 'When work began, in UTC; null before.';
COMMENT ON COLUMN agent_tasks.completed_at IS 'When work ended, in UTC; null before.';
COMMENT ON COLUMN agent_tasks.error_message IS 'Why it failed; null unless it did.';
COMMENT ON COLUMN agent_tasks.result IS 'What came of it, as JSON; null before.';
COMMENT ON COLUMN agent_tasks.created_at IS 'When it was asked, in UTC.';

-- rollback
DROP TABLE IF EXISTS agent_tasks;
