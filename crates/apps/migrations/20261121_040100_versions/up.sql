-- A deleted version keeps its row, without its records: its number is never given out again.
CREATE TABLE versions (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    record         TEXT NOT NULL,
    number         BIGINT NOT NULL,
    label          TEXT NOT NULL,
    notes          TEXT,
    state          TEXT NOT NULL CHECK (state IN ('building', 'ready')),
    origin         TEXT NOT NULL CHECK (origin IN ('import', 'change', 'task', 'proposals', 'revert')),
    task           TEXT,
    job            TEXT,
    inputs         TEXT,
    summary        TEXT,
    details        TEXT,
    warnings       TEXT,
    prompt_version TEXT,
    produced_by    TEXT,
    based_on       TEXT,
    record_count   BIGINT NOT NULL,
    created_by     TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    deleted_at     BIGINT
);
CREATE UNIQUE INDEX versions_record_number ON versions (record, number);
CREATE INDEX versions_tenant ON versions (tenant, id);
CREATE INDEX versions_job ON versions (job) WHERE job IS NOT NULL;
CREATE INDEX versions_building ON versions (created_at) WHERE state = 'building';
