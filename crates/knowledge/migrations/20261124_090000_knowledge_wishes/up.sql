-- When a process last said that it wants this generation, and whether it ever served.
ALTER TABLE knowledge_spaces ADD COLUMN wanted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_spaces ADD COLUMN has_served BIGINT NOT NULL DEFAULT 1;

-- Up to where lines may be missing in the log of changes, because everybody should have read them.
CREATE TABLE knowledge_swept (
    one      BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    position BIGINT NOT NULL
);
INSERT INTO knowledge_swept (one, position) VALUES (1, 0);

-- Somebody gave it its title; else it is called as its file calls itself.
ALTER TABLE knowledge_documents ADD COLUMN titled BIGINT NOT NULL DEFAULT 0;
