CREATE TABLE proposals (
    id              TEXT PRIMARY KEY,
    tenant          TEXT NOT NULL,
    record_parent   TEXT NOT NULL,
    version         TEXT NOT NULL,
    record          TEXT,
    lineage         TEXT,
    category        TEXT NOT NULL,
    suggestion      TEXT NOT NULL,
    change          TEXT,
    status          TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'dismissed')),
    produced_by     TEXT NOT NULL,
    decided_by      TEXT,
    decided_at      BIGINT,
    notes           TEXT,
    feedback        TEXT,
    applied_version TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX proposals_version ON proposals (version, created_at, id);
CREATE INDEX proposals_tenant ON proposals (tenant, id);
CREATE INDEX proposals_decided ON proposals (record_parent, status, decided_at);
