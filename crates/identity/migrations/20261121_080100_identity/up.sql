CREATE TABLE tenants (
    id         TEXT   NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    revision   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX tenants_name ON tenants (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX tenants_slug ON tenants (slug) WHERE deleted_at IS NULL;
CREATE INDEX tenants_created_at_id ON tenants (created_at, id);
CREATE INDEX tenants_deleted_at ON tenants (deleted_at) WHERE deleted_at IS NOT NULL;

-- A user whose tenant is NULL reaches all tenants.
CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL,
    email_lower   TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    tenant_id     TEXT,
    password_hash TEXT   NOT NULL,
    disabled_at   BIGINT,
    last_login_at BIGINT,
    revision      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email_lower ON users (email_lower);
CREATE INDEX users_created_at_id ON users (created_at, id);
CREATE INDEX users_tenant_id ON users (tenant_id);

-- `signing_kid` is the key that signed the newest access token of the session.
CREATE TABLE sessions (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL,
    address      TEXT,
    user_agent   TEXT,
    signing_kid  TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    end_reason   TEXT
);
CREATE INDEX sessions_user_id_created_at ON sessions (user_id, created_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Used ones stay until they would have expired: a second use is how a theft is noticed.
CREATE TABLE refresh_tokens (
    hash       TEXT   NOT NULL PRIMARY KEY,
    session_id TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);

-- `secret` is NULL when the key is given by the settings, and once the key is retired.
CREATE TABLE signing_keys (
    kid        TEXT   NOT NULL PRIMARY KEY,
    secret     TEXT,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- `mark` is what a key begins with (`ck_live_`), `prefix` the four characters after it.
CREATE TABLE app_keys (
    id           TEXT   NOT NULL PRIMARY KEY,
    tenant_id    TEXT   NOT NULL,
    user_id      TEXT,
    name         TEXT   NOT NULL,
    mark         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    hash         TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT   NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    replaced_by  TEXT
);
CREATE UNIQUE INDEX app_keys_hash ON app_keys (hash);
CREATE INDEX app_keys_tenant_id_created_at ON app_keys (tenant_id, created_at, id);
CREATE INDEX app_keys_created_at_id ON app_keys (created_at, id);
