-- `seq` is what full text knows a row by. It is declared, so that VACUUM never renumbers it.
CREATE TABLE records (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    tenant         TEXT NOT NULL,
    collection     TEXT NOT NULL,
    parent         TEXT,
    version        TEXT,
    lineage        TEXT NOT NULL,
    position       BIGINT NOT NULL,
    data           TEXT NOT NULL,
    revision       BIGINT NOT NULL,
    active_version TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    deleted_at     BIGINT,
    created_by     TEXT NOT NULL
);
CREATE INDEX records_tenant_collection ON records (tenant, collection, created_at, id) WHERE version IS NULL;
CREATE INDEX records_parent_collection ON records (parent, collection, position, id) WHERE parent IS NOT NULL AND version IS NULL;
CREATE INDEX records_version_position ON records (version, position, id) WHERE version IS NOT NULL;
CREATE UNIQUE INDEX records_version_lineage ON records (version, lineage) WHERE version IS NOT NULL;
CREATE INDEX records_deleted_at ON records (deleted_at) WHERE deleted_at IS NOT NULL;

-- Words come normalised, so the plain tokenizer splits them exactly where we did.
-- `scope` holds one token for tenant and collection and one for the version: a filter is a posting list.
CREATE VIRTUAL TABLE record_words USING fts5(words, scope, content = '', contentless_delete = 1, tokenize = 'ascii');

-- The indexes that the application's description asked for, and how they were made.
CREATE TABLE record_indexes (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL
);
