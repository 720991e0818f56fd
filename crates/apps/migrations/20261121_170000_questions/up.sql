-- A conversation belongs to who asked. It goes when nothing was asked in it for a while.
CREATE TABLE question_conversations (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    owner      TEXT NOT NULL,
    questions  TEXT NOT NULL,
    title      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX question_conversations_owner ON question_conversations (tenant, owner, updated_at, id);
CREATE INDEX question_conversations_expires_at ON question_conversations (expires_at);

-- One row is a question and its answer. `hash` is of the question, to know it again.
CREATE TABLE question_turns (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    conversation TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    hash         TEXT NOT NULL,
    question     TEXT NOT NULL,
    answer       TEXT NOT NULL,
    followups    TEXT NOT NULL,
    language     TEXT NOT NULL,
    result       TEXT NOT NULL,
    from_cache   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX question_turns_conversation ON question_turns (conversation, seq);
CREATE INDEX question_turns_tenant ON question_turns (tenant);

-- Answers that are given again. `made_by` is what they rest on beside the data: tables and prompts.
CREATE TABLE question_answers (
    tenant       TEXT NOT NULL,
    hash         TEXT NOT NULL,
    questions    TEXT NOT NULL,
    made_by      TEXT NOT NULL,
    question     TEXT NOT NULL,
    query        TEXT NOT NULL,
    result       TEXT NOT NULL,
    answer       TEXT NOT NULL,
    followups    TEXT NOT NULL,
    language     TEXT NOT NULL,
    category     TEXT,
    execution_ms BIGINT NOT NULL,
    result_count BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant, questions, hash)
);
CREATE INDEX question_answers_expires_at ON question_answers (expires_at);

-- One row for every question, answered or not.
CREATE TABLE question_runs (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    questions    TEXT NOT NULL,
    owner        TEXT NOT NULL,
    question     TEXT NOT NULL,
    was_answered BIGINT NOT NULL,
    error        TEXT,
    category     TEXT,
    language     TEXT NOT NULL,
    response_ms  BIGINT NOT NULL,
    tokens_used  BIGINT NOT NULL,
    from_cache   BIGINT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX question_runs_tenant ON question_runs (tenant, at, id);
CREATE INDEX question_runs_at ON question_runs (at);
