-- Words come split and stemmed. Beside them lies a lexeme for the tenant: whose words they are is a
-- posting list, not a check of rows.
CREATE TABLE knowledge_words (
    chunk    TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    words    TSVECTOR NOT NULL
);
CREATE INDEX knowledge_words_document ON knowledge_words (document);
CREATE INDEX knowledge_words_words ON knowledge_words USING gin (words);

CREATE FUNCTION knowledge_words_gone() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM knowledge_words w USING gone WHERE w.chunk = gone.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER knowledge_chunks_gone AFTER DELETE ON knowledge_chunks
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_words_gone();
