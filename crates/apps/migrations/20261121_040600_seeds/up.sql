-- What was put into a collection at a start, and from which text, so that it is done once.
CREATE TABLE seeds (
    name       TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    hash       TEXT NOT NULL,
    row_count  BIGINT NOT NULL,
    applied_at BIGINT NOT NULL
);
CREATE INDEX seeds_tenant ON seeds (tenant);
