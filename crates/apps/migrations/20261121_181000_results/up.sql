-- What somebody made, the newest first: their own results, and the last of each person.
CREATE INDEX records_created_by ON records (tenant, collection, created_by, created_at, id) WHERE version IS NULL;

-- Questions and answers as they went over the wire: only of results that were made in debug mode.
CREATE TABLE result_raws (
    result     TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    prompt     TEXT   NOT NULL,
    answer     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX result_raws_tenant ON result_raws (tenant);
CREATE INDEX result_raws_created_at ON result_raws (created_at);

-- What a tenant has switched on and off while the server runs: `debug`.
CREATE TABLE switches (
    tenant     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    is_on      BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- What people think of a result or an answer; each person once about each. `shared` is what they were asked
-- and told in a chat that nobody else sees, when they say that it may be shown.
CREATE TABLE feedback (
    subject        TEXT   NOT NULL,
    owner          TEXT   NOT NULL,
    tenant         TEXT   NOT NULL,
    kind           TEXT   NOT NULL CHECK (kind IN ('result', 'message')),
    task           TEXT   NOT NULL,
    prompt_version TEXT,
    verdict        TEXT   NOT NULL CHECK (verdict IN ('up', 'down')),
    words          TEXT,
    shared         TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (subject, owner)
);
CREATE INDEX feedback_tenant ON feedback (tenant, created_at, subject, owner);
