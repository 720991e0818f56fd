-- One hash chain per tenant. The head tells what the last row must be, so that a cut tail shows.
CREATE TABLE audit_log (
    tenant      TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    address     TEXT,
    request_id  TEXT,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    record      TEXT,
    version     TEXT,
    summary     TEXT NOT NULL,
    before      TEXT,
    after       TEXT,
    why         TEXT,
    tokens_used BIGINT,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) WITHOUT ROWID;

CREATE INDEX audit_log_at ON audit_log (at, tenant, seq);
CREATE INDEX audit_log_record ON audit_log (record, at, tenant, seq) WHERE record IS NOT NULL;

CREATE TABLE audit_heads (
    tenant TEXT NOT NULL PRIMARY KEY,
    seq    BIGINT NOT NULL,
    hash   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
