-- What a model or the rules answered for a batch of a job: a job that runs again does not ask again.
CREATE TABLE task_answers (
    job            TEXT NOT NULL,
    task           TEXT NOT NULL,
    batch          BIGINT NOT NULL,
    tenant         TEXT NOT NULL,
    answer         TEXT NOT NULL,
    produced_by    TEXT NOT NULL,
    model          TEXT,
    prompt_version TEXT,
    tokens_used    BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (job, task, batch)
);
CREATE INDEX task_answers_tenant ON task_answers (tenant);
CREATE INDEX task_answers_created_at ON task_answers (created_at);

CREATE TABLE prompt_templates (
    name       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    hash       TEXT NOT NULL,
    text       TEXT NOT NULL,
    variables  TEXT NOT NULL,
    is_active  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX prompt_templates_name ON prompt_templates (name) WHERE is_active = 1;
