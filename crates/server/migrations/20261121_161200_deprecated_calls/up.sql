-- Who still calls what will go: one row for each route and each client of it.
CREATE TABLE deprecated_calls (
    route    TEXT   NOT NULL,
    client   TEXT   NOT NULL,
    calls    BIGINT NOT NULL,
    -- Those of them that came after its last day.
    gone     BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (route, client)
);
CREATE INDEX deprecated_calls_last_at ON deprecated_calls (last_at);
