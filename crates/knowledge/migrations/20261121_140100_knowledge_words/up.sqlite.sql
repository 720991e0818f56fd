-- What full text knows a chunk by. `seq` is declared, so that VACUUM never renumbers it.
CREATE TABLE knowledge_word_rows (
    seq      INTEGER PRIMARY KEY,
    chunk    TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    tenant   TEXT NOT NULL
);
CREATE INDEX knowledge_word_rows_document ON knowledge_word_rows (document);

-- Words come split and stemmed, so the plain tokenizer splits them exactly where we did.
-- `scope` holds one token for the tenant: whose words they are is a posting list, not a check of rows.
CREATE VIRTUAL TABLE knowledge_words USING fts5(words, scope, content = '', contentless_delete = 1, tokenize = 'ascii');

CREATE TRIGGER knowledge_chunks_gone AFTER DELETE ON knowledge_chunks
BEGIN
    DELETE FROM knowledge_words WHERE rowid IN (SELECT seq FROM knowledge_word_rows WHERE chunk = old.id);
    DELETE FROM knowledge_word_rows WHERE chunk = old.id;
END;
