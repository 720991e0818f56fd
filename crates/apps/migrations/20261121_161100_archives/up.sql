-- One row for each object of old records. `writing`: its object may be there or not, its records are.
-- `kept`: its object is there and was read back, its records are not. `removing`: the object is to go.
CREATE TABLE archives (
    id           TEXT   NOT NULL PRIMARY KEY,
    tenant       TEXT   NOT NULL,
    collection   TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('writing', 'kept', 'removing')),
    place        TEXT   NOT NULL CHECK (place IN ('database', 'folder', 'bucket')),
    object       TEXT   NOT NULL,
    sha256       TEXT   NOT NULL,
    size_bytes   BIGINT NOT NULL,
    -- Records, and rows in all: with what lies in them.
    record_count BIGINT NOT NULL,
    row_count    BIGINT NOT NULL,
    oldest_at    BIGINT NOT NULL,
    newest_at    BIGINT NOT NULL,
    job          TEXT   NOT NULL,
    created_by   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX archives_tenant ON archives (tenant, created_at, id);
CREATE INDEX archives_created_at ON archives (created_at, id);
CREATE INDEX archives_unfinished ON archives (state, tenant) WHERE state <> 'kept';

-- The records that went into an archive, and when they were brought back.
CREATE TABLE archived_records (
    archive         TEXT NOT NULL,
    record          TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    brought_back_at BIGINT,
    PRIMARY KEY (archive, record)
);
CREATE INDEX archived_records_record ON archived_records (record);
CREATE INDEX archived_records_tenant ON archived_records (tenant);
