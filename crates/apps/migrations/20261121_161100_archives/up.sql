-- One row for each file of old records. `writing`: its records are all there, and whether the file is good is not
-- known yet. `kept`: the file was read back, and the records are in it and nowhere else. The file is a blob of the
-- tenant, of which the row is a use.
CREATE TABLE archives (
    id           TEXT   NOT NULL PRIMARY KEY,
    tenant       TEXT   NOT NULL,
    collection   TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('writing', 'kept')),
    blob         TEXT   NOT NULL,
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
CREATE INDEX archives_writing ON archives (tenant, collection) WHERE state = 'writing';

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
