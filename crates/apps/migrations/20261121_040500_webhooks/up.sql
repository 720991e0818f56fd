CREATE TABLE webhooks (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    url         TEXT NOT NULL,
    secret      TEXT NOT NULL,
    events      TEXT NOT NULL,
    description TEXT,
    is_active   BIGINT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX webhooks_tenant ON webhooks (tenant, created_at, id);

-- One row is one event for one webhook, with all attempts at it.
CREATE TABLE webhook_deliveries (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    webhook        TEXT NOT NULL,
    event          TEXT NOT NULL,
    event_key      TEXT NOT NULL,
    payload        TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts       BIGINT NOT NULL,
    answer_status  BIGINT,
    answer_body    TEXT,
    error          TEXT,
    latency_ms     BIGINT,
    created_at     BIGINT NOT NULL,
    attempted_at   BIGINT,
    delivered_at   BIGINT
);
CREATE UNIQUE INDEX webhook_deliveries_webhook_event_key ON webhook_deliveries (webhook, event_key);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook, created_at, id);
CREATE INDEX webhook_deliveries_tenant ON webhook_deliveries (tenant, id);
CREATE INDEX webhook_deliveries_created_at ON webhook_deliveries (created_at);
