CREATE TABLE records (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    collection     TEXT NOT NULL,
    parent         TEXT,
    version        TEXT,
    lineage        TEXT NOT NULL,
    position       BIGINT NOT NULL,
    data           JSONB NOT NULL,
    revision       BIGINT NOT NULL,
    active_version TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    deleted_at     BIGINT,
    created_by     TEXT NOT NULL,
    words          TSVECTOR
);
CREATE INDEX records_tenant_collection ON records (tenant, collection, created_at, id) WHERE version IS NULL;
CREATE INDEX records_parent_collection ON records (parent, collection, position, id) WHERE parent IS NOT NULL AND version IS NULL;
CREATE INDEX records_version_position ON records (version, position, id) WHERE version IS NOT NULL;
CREATE UNIQUE INDEX records_version_lineage ON records (version, lineage) WHERE version IS NOT NULL;
CREATE INDEX records_deleted_at ON records (deleted_at) WHERE deleted_at IS NOT NULL;
-- Beside the words lie lexemes for tenant and collection and for the version: a filter is a posting list.
CREATE INDEX records_words ON records USING gin (words);

-- The indexes that the application's description asked for, and how they were made.
CREATE TABLE record_indexes (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL
);
