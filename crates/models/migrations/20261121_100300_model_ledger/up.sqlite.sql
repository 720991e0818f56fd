-- The ledger counts in billionths of a dollar and says more of each attempt. `replayed` marks rows
-- from the journal of a process that was killed.
ALTER TABLE model_usage ADD COLUMN key TEXT;
ALTER TABLE model_usage ADD COLUMN task TEXT;
ALTER TABLE model_usage ADD COLUMN priority TEXT;
ALTER TABLE model_usage ADD COLUMN tokens_cache_written BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN tokens_reasoning BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN cost_nano_usd BIGINT;
ALTER TABLE model_usage ADD COLUMN prices TEXT;
ALTER TABLE model_usage ADD COLUMN held_nano_usd BIGINT;
ALTER TABLE model_usage ADD COLUMN from_cache BIGINT NOT NULL DEFAULT 0 CHECK (from_cache IN (0, 1));
ALTER TABLE model_usage ADD COLUMN ttft_ms BIGINT;
ALTER TABLE model_usage ADD COLUMN replayed BIGINT NOT NULL DEFAULT 0 CHECK (replayed IN (0, 1));
UPDATE model_usage SET cost_nano_usd = cost_micro_usd * 1000;
ALTER TABLE model_usage DROP COLUMN cost_micro_usd;
CREATE INDEX model_usage_key_at ON model_usage (key, at, id) WHERE key IS NOT NULL;

-- Sums of rows, written with them. What was erased of the rows stays in the sums, and is noted.
CREATE TABLE model_spent (
    scope           TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    period          TEXT   NOT NULL,
    starts_at       BIGINT NOT NULL,
    nano_usd        BIGINT NOT NULL,
    tokens          BIGINT NOT NULL,
    nano_usd_erased BIGINT NOT NULL DEFAULT 0,
    tokens_erased   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, id, period, starts_at)
);
CREATE INDEX model_spent_scope_period ON model_spent (scope, period, starts_at);
INSERT INTO model_spent (scope, id, period, starts_at, nano_usd, tokens)
SELECT 'whole', '', 'day', at - at % 86400000000, COALESCE(sum(cost_nano_usd), 0), sum(tokens_total)
  FROM model_usage GROUP BY at - at % 86400000000;
INSERT INTO model_spent (scope, id, period, starts_at, nano_usd, tokens)
SELECT 'tenant', tenant, 'day', at - at % 86400000000, COALESCE(sum(cost_nano_usd), 0), sum(tokens_total)
  FROM model_usage GROUP BY tenant, at - at % 86400000000;
INSERT INTO model_spent (scope, id, period, starts_at, nano_usd, tokens)
SELECT scope, id, 'month',
       CAST(strftime('%s', starts_at / 1000000, 'unixepoch', 'start of month') AS BIGINT) * 1000000,
       sum(nano_usd), sum(tokens)
  FROM model_spent WHERE period = 'day' GROUP BY scope, id, 4;

-- Budgets that were set at run time. `limit_nano_usd` or `limit_tokens` is NULL.
CREATE TABLE model_budgets (
    name           TEXT   NOT NULL PRIMARY KEY,
    scope          TEXT   NOT NULL,
    matches        TEXT,
    period         TEXT   NOT NULL,
    limit_nano_usd BIGINT,
    limit_tokens   BIGINT,
    warn_per_mille BIGINT NOT NULL,
    at_limit       TEXT   NOT NULL,
    downgrade_to   TEXT,
    updated_at     BIGINT NOT NULL,
    CHECK ((limit_nano_usd IS NULL) <> (limit_tokens IS NULL))
);

-- What each replica may spend of a budget before it asks again. `id` is whose.
CREATE TABLE model_budget_leases (
    budget     TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    starts_at  BIGINT NOT NULL,
    replica    TEXT   NOT NULL,
    amount     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (budget, id, starts_at, replica)
);
CREATE INDEX model_budget_leases_replica ON model_budget_leases (replica);

-- What was told about a budget, once in a period.
CREATE TABLE model_budget_events (
    budget    TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    starts_at BIGINT NOT NULL,
    kind      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    spent     BIGINT NOT NULL,
    most      BIGINT NOT NULL,
    PRIMARY KEY (budget, id, starts_at, kind)
);

-- The lists of prices that rows were priced by.
CREATE TABLE model_price_lists (
    version       TEXT   NOT NULL PRIMARY KEY,
    prices        TEXT   NOT NULL,
    first_used_at BIGINT NOT NULL
);
