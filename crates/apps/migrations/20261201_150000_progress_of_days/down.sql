DROP TABLE progress_answers;
CREATE TABLE progress_answers (
    tenant        TEXT   NOT NULL,
    progress      TEXT   NOT NULL,
    owner         TEXT   NOT NULL,
    metric        TEXT   NOT NULL CHECK (metric IN ('overall', 'criteria', 'recurring')),
    made_by       TEXT   NOT NULL,
    mark          BIGINT NOT NULL,
    data          TEXT   NOT NULL,
    calculated_at BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant, progress, owner, metric)
);
CREATE INDEX progress_answers_expires_at ON progress_answers (expires_at);
