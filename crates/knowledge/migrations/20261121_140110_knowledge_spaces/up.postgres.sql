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

-- Which documents' vectors changed: what every index follows. One row for each document and model.
-- `seq` is the number of the transaction, because a counter would show numbers out of the order of
-- the commits: what is below the oldest transaction under way is settled, the rest may still come.
CREATE TABLE knowledge_changes (
    document   TEXT   NOT NULL,
    model      TEXT   NOT NULL,
    dimensions BIGINT NOT NULL,
    tenant     TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (document, model, dimensions)
);
CREATE INDEX knowledge_changes_model ON knowledge_changes (model, dimensions, seq, document);
CREATE INDEX knowledge_changes_tenant ON knowledge_changes (tenant, model, dimensions, seq, document);

INSERT INTO knowledge_changes (document, model, dimensions, tenant, seq)
SELECT DISTINCT document, model, dimensions, tenant, 0 FROM knowledge_vectors;

CREATE FUNCTION knowledge_vectors_touched() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO knowledge_changes (document, model, dimensions, tenant, seq)
    SELECT DISTINCT document, model, dimensions, tenant,
           CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)
      FROM touched
     ORDER BY document
    ON CONFLICT (document, model, dimensions) DO UPDATE SET seq = excluded.seq;
    RETURN NULL;
END
$$;
CREATE TRIGGER knowledge_vectors_added AFTER INSERT ON knowledge_vectors
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_vectors_touched();
CREATE TRIGGER knowledge_vectors_changed AFTER UPDATE ON knowledge_vectors
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_vectors_touched();
CREATE TRIGGER knowledge_vectors_gone AFTER DELETE ON knowledge_vectors
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_vectors_touched();

-- Who finds a document is part of its points.
CREATE FUNCTION knowledge_document_placed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE knowledge_changes
       SET seq = CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)
     WHERE document = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER knowledge_documents_placed AFTER UPDATE OF owner, chat, shared ON knowledge_documents
    FOR EACH ROW
    WHEN (NEW.owner IS DISTINCT FROM OLD.owner OR NEW.chat IS DISTINCT FROM OLD.chat
          OR NEW.shared IS DISTINCT FROM OLD.shared)
    EXECUTE FUNCTION knowledge_document_placed();

CREATE FUNCTION knowledge_tags_touched() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE knowledge_changes c
       SET seq = CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)
      FROM (SELECT DISTINCT document FROM touched) t
     WHERE c.document = t.document;
    RETURN NULL;
END
$$;
CREATE TRIGGER knowledge_tags_added AFTER INSERT ON knowledge_tags
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_tags_touched();
CREATE TRIGGER knowledge_tags_gone AFTER DELETE ON knowledge_tags
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_tags_touched();
