CREATE TABLE idempotency_keys (
    id           TEXT PRIMARY KEY,
    request      TEXT NOT NULL,
    state        TEXT NOT NULL,
    status       BIGINT,
    content_type TEXT,
    tag          TEXT,
    body         TEXT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
