-- What was calculated can be calculated again, so the table is made anew: a range of days (`days`, empty for all of
-- them) is a part of what an answer is of.
DROP TABLE progress_answers;
-- What was calculated of somebody's results (`owner`), or of everybody's (`*`). It counts as long as `mark` is
-- the number of what it was read from, and `made_by` what the application says of it.
CREATE TABLE progress_answers (
    tenant        TEXT   NOT NULL,
    progress      TEXT   NOT NULL,
    owner         TEXT   NOT NULL,
    days          TEXT   NOT NULL DEFAULT '',
    metric        TEXT   NOT NULL CHECK (metric IN ('overall', 'criteria', 'recurring')),
    made_by       TEXT   NOT NULL,
    mark          BIGINT NOT NULL,
    data          TEXT   NOT NULL,
    calculated_at BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant, progress, owner, days, metric)
);
CREATE INDEX progress_answers_expires_at ON progress_answers (expires_at);
