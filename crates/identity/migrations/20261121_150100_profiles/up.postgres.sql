-- What people say of themselves, and their picture.
CREATE TABLE profiles (
    user_id      TEXT   NOT NULL PRIMARY KEY,
    about        TEXT   NOT NULL,
    picture      BYTEA,
    picture_type TEXT,
    updated_at   BIGINT NOT NULL
);

-- Accounts at other houses by which people sign in here.
CREATE TABLE outside_accounts (
    issuer     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX outside_accounts_user_id ON outside_accounts (user_id);
