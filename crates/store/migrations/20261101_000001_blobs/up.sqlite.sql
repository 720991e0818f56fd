-- Bytes under their SHA-256. `uses` counts who needs them; what nobody needs is swept later.
CREATE TABLE blobs (
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL,
    uses       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX blobs_touched_at ON blobs (touched_at) WHERE uses = 0;
