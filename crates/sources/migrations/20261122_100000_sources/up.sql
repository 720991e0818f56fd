-- One row for each run of a source. Its id is that of its job.
CREATE TABLE source_runs (
    id            TEXT   NOT NULL PRIMARY KEY,
    tenant        TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    state         TEXT   NOT NULL
                  CHECK (state IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    flags         TEXT   NOT NULL,
    counts        TEXT   NOT NULL,
    findings      TEXT   NOT NULL,
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    started_at    BIGINT,
    finished_at   BIGINT
);
CREATE INDEX source_runs_source ON source_runs (tenant, source, id);
CREATE INDEX source_runs_created ON source_runs (created_at);

-- What is remembered of a source from run to run, and how far it was read.
CREATE TABLE source_states (
    tenant          TEXT   NOT NULL,
    source          TEXT   NOT NULL,
    good_count      BIGINT,
    good_at         BIGINT,
    failed_at       BIGINT,
    failures        BIGINT NOT NULL DEFAULT 0,
    -- The highest number that was seen, in a page that was kept.
    mark            BIGINT,
    -- Where a walk that did not come to its end goes on; none when it did.
    position        BIGINT,
    -- Whether that walk reads everything from the beginning.
    is_whole        BIGINT NOT NULL DEFAULT 0 CHECK (is_whole IN (0, 1)),
    -- When everything was last read from the beginning to the end.
    whole_at        BIGINT,
    PRIMARY KEY (tenant, source)
);

-- Which record each item of a source became, and what the source said of it last.
CREATE TABLE source_items (
    tenant        TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    item          TEXT   NOT NULL,
    record        TEXT   NOT NULL,
    -- What the source wrote; what differs from it in the record was changed by hand. None where
    -- records are never changed.
    written       TEXT,
    hash          TEXT   NOT NULL,
    first_seen_at BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    seen_run      TEXT   NOT NULL,
    gone_at       BIGINT,
    PRIMARY KEY (tenant, source, item)
);
CREATE INDEX source_items_record ON source_items (record);
CREATE INDEX source_items_gone ON source_items (tenant, source, seen_run) WHERE gone_at IS NULL;

-- Rows that could not become records, with the reason; they are tried again.
CREATE TABLE source_asides (
    tenant        TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    item          TEXT   NOT NULL,
    step          TEXT   NOT NULL CHECK (step IN ('row', 'record', 'completion')),
    reason        TEXT   NOT NULL,
    -- The row, or the record in the making.
    body          TEXT   NOT NULL,
    raw           TEXT,
    attempts      BIGINT NOT NULL DEFAULT 1,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (tenant, source, item, step)
);
CREATE INDEX source_asides_due ON source_asides (tenant, source, due_at);

-- What was fetched, made, compared and answered a short while ago.
CREATE TABLE source_cache (
    kind          TEXT   NOT NULL
                  CHECK (kind IN ('html', 'structured', 'comparison', 'answer')),
    entry         TEXT   NOT NULL,
    tags          TEXT   NOT NULL,
    body          TEXT   NOT NULL,
    size_bytes    BIGINT NOT NULL,
    -- How many rows the document had: what is read must have as many.
    row_count     BIGINT,
    -- The description that it was made by.
    shape         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (kind, entry)
);
CREATE INDEX source_cache_age ON source_cache (kind, created_at);
CREATE INDEX source_cache_expiry ON source_cache (expires_at);

-- How often each kind was of use.
CREATE TABLE source_cache_uses (
    kind          TEXT   NOT NULL PRIMARY KEY,
    hits          BIGINT NOT NULL DEFAULT 0,
    misses        BIGINT NOT NULL DEFAULT 0,
    stale         BIGINT NOT NULL DEFAULT 0,
    invalid       BIGINT NOT NULL DEFAULT 0,
    forced        BIGINT NOT NULL DEFAULT 0
);
