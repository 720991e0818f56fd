-- `vector` is 32-bit floats, little-endian. `hash` is of the text it stands for, so that the same
-- text in the next version is not sent to a provider again.
CREATE TABLE record_vectors (
    record     TEXT NOT NULL,
    model      TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    version    TEXT,
    dimensions BIGINT NOT NULL,
    hash       TEXT NOT NULL,
    vector     BLOB NOT NULL,
    PRIMARY KEY (record, model)
);
CREATE INDEX record_vectors_version ON record_vectors (version);
CREATE INDEX record_vectors_tenant ON record_vectors (tenant, model, hash);
