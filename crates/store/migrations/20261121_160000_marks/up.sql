-- A number for each name that grows with every transaction that touched it: who keeps something made of
-- it can tell whether it still holds.
CREATE TABLE marks (
    name   TEXT   NOT NULL,
    tenant TEXT   NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (name, tenant)
);
