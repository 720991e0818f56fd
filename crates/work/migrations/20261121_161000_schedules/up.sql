-- One row for each schedule that is declared: what it waits for. Whoever moves `planned_at` on writes
-- the jobs of that run in the same transaction.
CREATE TABLE schedules (
    name       TEXT   NOT NULL PRIMARY KEY,
    -- When it comes round and what it does, as declared: a process begins only what it knows in these words.
    times      TEXT   NOT NULL,
    act        TEXT   NOT NULL,
    planned_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    paused_at  BIGINT,
    paused_by  TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL))
);
CREATE INDEX schedules_due ON schedules (due_at) WHERE paused_at IS NULL;

-- What came of the last runs of each.
CREATE TABLE schedule_runs (
    schedule   TEXT   NOT NULL,
    begun_at   BIGINT NOT NULL,
    planned_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('begun', 'busy', 'nothing', 'missed')),
    -- Runs before this one that nobody was there for.
    missed     BIGINT NOT NULL,
    -- The first of its jobs, as JSON.
    jobs       TEXT   NOT NULL,
    job_count  BIGINT NOT NULL,
    -- Who had it run by hand.
    asked_by   TEXT,
    PRIMARY KEY (schedule, begun_at, planned_at)
);
