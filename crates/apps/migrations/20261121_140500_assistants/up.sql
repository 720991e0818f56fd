CREATE TABLE assistant_chats (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    assistant  TEXT NOT NULL,
    owner      TEXT NOT NULL,
    title      TEXT NOT NULL,
    -- 1: somebody gave it its title, and no model changes it.
    is_named   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX assistant_chats_owner ON assistant_chats (tenant, owner, updated_at, id);

CREATE TABLE assistant_messages (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    chat        TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    role        TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    content     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('whole', 'interrupted')),
    model_used  TEXT,
    tokens_used BIGINT,
    metadata    TEXT NOT NULL,
    sources     TEXT NOT NULL,
    citations   TEXT NOT NULL,
    run         TEXT,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX assistant_messages_chat ON assistant_messages (chat, seq);
CREATE INDEX assistant_messages_tenant ON assistant_messages (tenant);

-- One row is one answer in the making, or one that was made. Holds no text but that of its sources,
-- and those only as long as it runs.
CREATE TABLE assistant_runs (
    id               TEXT PRIMARY KEY,
    tenant           TEXT NOT NULL,
    owner            TEXT NOT NULL,
    assistant        TEXT NOT NULL,
    chat             TEXT,
    request          TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    question_message TEXT,
    answer_message   TEXT,
    replaces         TEXT,
    sources          TEXT NOT NULL,
    metadata         TEXT NOT NULL,
    holder           TEXT NOT NULL,
    cancel_asked     BIGINT NOT NULL,
    searches         BIGINT NOT NULL,
    tokens_used      BIGINT,
    error            TEXT,
    started_at       BIGINT NOT NULL,
    beat_at          BIGINT NOT NULL,
    ended_at         BIGINT
);
CREATE INDEX assistant_runs_state ON assistant_runs (state, beat_at);
CREATE INDEX assistant_runs_chat ON assistant_runs (chat, state);
CREATE INDEX assistant_runs_started_at ON assistant_runs (tenant, started_at);

-- What was told of a run, in groups: a reader has seen nothing that is not here.
CREATE TABLE assistant_events (
    run    TEXT NOT NULL,
    first  BIGINT NOT NULL,
    last   BIGINT NOT NULL,
    events TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (run, first)
);
CREATE INDEX assistant_events_at ON assistant_events (at);

-- The system prompts that people set for themselves.
CREATE TABLE assistant_prompts (
    tenant     TEXT NOT NULL,
    owner      TEXT NOT NULL,
    assistant  TEXT NOT NULL,
    text       TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner, assistant)
);
