-- Refused sign-ins of the last minute, by account and by network address; swept when they are older.
-- `key` holds no e-mail address: an account is known by a digest.
CREATE TABLE sign_in_failures (
    key TEXT   NOT NULL,
    at  BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_key_at ON sign_in_failures (key, at);
CREATE INDEX sign_in_failures_at ON sign_in_failures (at);
