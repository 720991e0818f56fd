-- One row per job, from the moment it is wanted until a sweep removes it.
CREATE TABLE jobs (
    id               TEXT   NOT NULL PRIMARY KEY,
    tenant           TEXT   NOT NULL,
    kind             TEXT   NOT NULL,
    subject          TEXT,
    lock_key         TEXT,
    idempotency_key  TEXT,
    state            TEXT   NOT NULL
                     CHECK (state IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    dead             BIGINT NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    priority         BIGINT NOT NULL DEFAULT 0,
    due_at           BIGINT NOT NULL,
    attempts         BIGINT NOT NULL DEFAULT 0,
    attempts_max     BIGINT NOT NULL CHECK (attempts_max > 0),
    retry_count      BIGINT NOT NULL DEFAULT 0,
    timeout_ms       BIGINT NOT NULL CHECK (timeout_ms > 0),
    -- Rises with every claim and never falls: who holds the last number holds the job.
    fence            BIGINT NOT NULL DEFAULT 0,
    lease_owner      TEXT,
    lease_until      BIGINT,
    progress         BIGINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    message          TEXT,
    payload          TEXT   NOT NULL,
    checkpoint       TEXT,
    result           TEXT,
    error_code       TEXT,
    error_message    TEXT,
    cancel_requested BIGINT NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    created_by       TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    completed_at     BIGINT,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL))
);

-- The same key of the same tenant is the same job.
CREATE UNIQUE INDEX jobs_tenant_idempotency_key ON jobs (tenant, idempotency_key);
-- One running job per lock, whatever the program believes.
CREATE UNIQUE INDEX jobs_tenant_lock_key ON jobs (tenant, lock_key) WHERE state = 'running';
-- Who holds or waits for a lock.
CREATE INDEX jobs_locks ON jobs (tenant, lock_key, state) WHERE lock_key IS NOT NULL;
-- The next job of each tenant.
CREATE INDEX jobs_waiting ON jobs (tenant, priority DESC, due_at, id) WHERE state = 'pending';
-- Is anything due?
CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'pending';
-- Running jobs by tenant, and the leases that ran out.
CREATE INDEX jobs_busy ON jobs (tenant) WHERE state = 'running';
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running';
-- Lists, newest first.
CREATE INDEX jobs_tenants ON jobs (tenant, id);
CREATE INDEX jobs_subjects ON jobs (subject, id) WHERE subject IS NOT NULL;
-- Counts. `dead` comes first, or SQLite would take this index for the questions above.
CREATE INDEX jobs_states ON jobs (dead, state);
-- What a sweep removes.
CREATE INDEX jobs_completed ON jobs (completed_at) WHERE completed_at IS NOT NULL;
