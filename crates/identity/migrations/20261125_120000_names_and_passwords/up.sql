-- People may be known by a name in place of an e-mail address, or beside it. What somebody does not have is empty.
ALTER TABLE users ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN username_lower TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX users_username_lower ON users (username_lower) WHERE username_lower <> '';
DROP INDEX users_email_lower;
CREATE UNIQUE INDEX users_email_lower ON users (email_lower) WHERE email_lower <> '';

-- Hashes of passwords that somebody had before: as many as must not be taken again.
CREATE TABLE former_passwords (
    user_id       TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    until         BIGINT NOT NULL
);
CREATE INDEX former_passwords_user_id_until ON former_passwords (user_id, until);

-- Since when an account is locked, because its password was guessed too often. `key` holds no address and no name.
CREATE TABLE sign_in_locks (
    key TEXT   NOT NULL PRIMARY KEY,
    at  BIGINT NOT NULL
);
CREATE INDEX sign_in_locks_at ON sign_in_locks (at);
