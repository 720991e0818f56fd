-- A generation of vector spaces: an index over the rows of one model, in one engine.
CREATE TABLE knowledge_spaces (
    id          TEXT   NOT NULL PRIMARY KEY,
    engine      TEXT   NOT NULL,
    model       TEXT   NOT NULL,
    dimensions  BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('building', 'serving', 'retired')),
    -- Up to where of knowledge_changes it has followed.
    position    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    switched_at BIGINT
);
-- One serves, and one at most is built.
CREATE UNIQUE INDEX knowledge_spaces_state ON knowledge_spaces (state) WHERE state <> 'retired';

-- Which documents' vectors changed, in the order of the commits: what every index follows. One row
-- for each document and model, with the number of its last change.
CREATE TABLE knowledge_changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant     TEXT   NOT NULL,
    document   TEXT   NOT NULL,
    model      TEXT   NOT NULL,
    dimensions BIGINT NOT NULL
);
CREATE UNIQUE INDEX knowledge_changes_document ON knowledge_changes (document, model, dimensions);
CREATE INDEX knowledge_changes_model ON knowledge_changes (model, dimensions, seq);
CREATE INDEX knowledge_changes_tenant ON knowledge_changes (tenant, model, dimensions, seq);

INSERT INTO knowledge_changes (tenant, document, model, dimensions)
SELECT DISTINCT tenant, document, model, dimensions FROM knowledge_vectors;

CREATE TRIGGER knowledge_vectors_added AFTER INSERT ON knowledge_vectors
BEGIN
    DELETE FROM knowledge_changes
     WHERE document = new.document AND model = new.model AND dimensions = new.dimensions;
    INSERT INTO knowledge_changes (tenant, document, model, dimensions)
    VALUES (new.tenant, new.document, new.model, new.dimensions);
END;
CREATE TRIGGER knowledge_vectors_changed AFTER UPDATE ON knowledge_vectors
BEGIN
    DELETE FROM knowledge_changes
     WHERE document = new.document AND model = new.model AND dimensions = new.dimensions;
    INSERT INTO knowledge_changes (tenant, document, model, dimensions)
    VALUES (new.tenant, new.document, new.model, new.dimensions);
END;
CREATE TRIGGER knowledge_vectors_gone AFTER DELETE ON knowledge_vectors
BEGIN
    DELETE FROM knowledge_changes
     WHERE document = old.document AND model = old.model AND dimensions = old.dimensions;
    INSERT INTO knowledge_changes (tenant, document, model, dimensions)
    VALUES (old.tenant, old.document, old.model, old.dimensions);
END;

-- Who finds a document is part of its points.
CREATE TRIGGER knowledge_documents_placed AFTER UPDATE OF owner, chat, shared ON knowledge_documents
WHEN new.owner IS NOT old.owner OR new.chat IS NOT old.chat OR new.shared IS NOT old.shared
BEGIN
    INSERT OR REPLACE INTO knowledge_changes (tenant, document, model, dimensions)
    SELECT tenant, document, model, dimensions FROM knowledge_changes WHERE document = new.id;
END;
CREATE TRIGGER knowledge_tags_added AFTER INSERT ON knowledge_tags
BEGIN
    INSERT OR REPLACE INTO knowledge_changes (tenant, document, model, dimensions)
    SELECT tenant, document, model, dimensions FROM knowledge_changes WHERE document = new.document;
END;
CREATE TRIGGER knowledge_tags_gone AFTER DELETE ON knowledge_tags
BEGIN
    INSERT OR REPLACE INTO knowledge_changes (tenant, document, model, dimensions)
    SELECT tenant, document, model, dimensions FROM knowledge_changes WHERE document = old.document;
END;
