-- One row for each attempt to use a model. `cost_micro_usd` is NULL when the price is not known.
-- `asked` is the same for all attempts of one question.
CREATE TABLE model_usage (
    id             TEXT   NOT NULL PRIMARY KEY,
    asked          TEXT   NOT NULL,
    tenant         TEXT   NOT NULL,
    job            TEXT,
    caller         TEXT,
    operation      TEXT   NOT NULL,
    provider       TEXT   NOT NULL,
    model          TEXT   NOT NULL,
    tokens_in      BIGINT NOT NULL,
    tokens_out     BIGINT NOT NULL,
    tokens_total   BIGINT NOT NULL,
    tokens_cached  BIGINT NOT NULL,
    estimated      BIGINT NOT NULL,
    cost_micro_usd BIGINT,
    latency_ms     BIGINT NOT NULL,
    outcome        TEXT   NOT NULL,
    status         BIGINT,
    at             BIGINT NOT NULL,
    CHECK (tokens_total = tokens_in + tokens_out),
    CHECK (estimated IN (0, 1))
);
CREATE INDEX model_usage_tenant_at ON model_usage (tenant, at, id);
CREATE INDEX model_usage_at ON model_usage (at, id);
CREATE INDEX model_usage_job ON model_usage (job) WHERE job IS NOT NULL;
