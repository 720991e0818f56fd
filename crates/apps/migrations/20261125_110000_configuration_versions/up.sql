-- What documents of `config/` were changed to while the application ran, refused texts among it. `content` is missing where
-- the file is to be in force and there is none; `old_content` is what was in force before. `base` is the checksum of the file
-- that a version was made upon: it is in force as long as the file is that one.
CREATE TABLE configuration_versions (
    config      TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    content     TEXT,
    old_content TEXT,
    base        TEXT,
    origin      TEXT   NOT NULL CHECK (origin IN ('set', 'revert', 'import')),
    reason      TEXT   NOT NULL,
    is_valid    BIGINT NOT NULL,
    faults      TEXT   NOT NULL,
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (config, number)
);

-- Which version of a document is in force; without a row it is the file.
CREATE TABLE configuration_heads (
    config TEXT   NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
