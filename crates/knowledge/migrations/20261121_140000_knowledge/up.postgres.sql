-- A document: what somebody put in, and how far it has come.
CREATE TABLE knowledge_documents (
    id             TEXT   NOT NULL PRIMARY KEY,
    tenant         TEXT   NOT NULL,
    -- As the audit log spells who: `usr_…`, `key_…`, `operator`, `mainstay`.
    owner          TEXT   NOT NULL,
    -- The chat that it belongs to; none: it is there for every question.
    chat           TEXT,
    shared         BIGINT NOT NULL DEFAULT 0 CHECK (shared IN (0, 1)),
    title          TEXT   NOT NULL,
    summary        TEXT,
    metadata       TEXT   NOT NULL,
    origin         TEXT   NOT NULL CHECK (origin IN ('upload', 'text', 'page', 'site')),
    url            TEXT,
    file_name      TEXT,
    kind           TEXT   NOT NULL,
    size_bytes     BIGINT NOT NULL,
    blob           TEXT   NOT NULL,
    state          TEXT   NOT NULL
                   CHECK (state IN ('pending', 'extracting', 'embedding', 'ready', 'failed')),
    reason_code    TEXT,
    reason         TEXT,
    verdict        TEXT,
    pages          BIGINT NOT NULL DEFAULT 0,
    chars          BIGINT NOT NULL DEFAULT 0,
    chunks         BIGINT NOT NULL DEFAULT 0,
    chunks_deduped BIGINT NOT NULL DEFAULT 0,
    vectors_done   BIGINT NOT NULL DEFAULT 0,
    vectors_reused BIGINT NOT NULL DEFAULT 0,
    -- Of the vectors it has, as `provider/model`; none: it is found by words.
    model          TEXT,
    dimensions     BIGINT,
    job            TEXT   NOT NULL,
    -- How often it was begun and not heard of again since something came of it.
    begun          BIGINT NOT NULL DEFAULT 0,
    -- When it was last put in line.
    queued_at      BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    CHECK ((state = 'failed') = (reason_code IS NOT NULL))
);

-- Lists, newest first: a tenant's, somebody's, a chat's.
CREATE INDEX knowledge_documents_tenant ON knowledge_documents (tenant, id);
CREATE INDEX knowledge_documents_owner ON knowledge_documents (tenant, owner, id);
CREATE INDEX knowledge_documents_chat ON knowledge_documents (tenant, chat, id) WHERE chat IS NOT NULL;
-- The same bytes, the same page.
CREATE INDEX knowledge_documents_blob ON knowledge_documents (tenant, blob);
CREATE INDEX knowledge_documents_url ON knowledge_documents (tenant, url) WHERE url IS NOT NULL;
-- Those that somebody must still be at.
CREATE INDEX knowledge_documents_open ON knowledge_documents (id)
    WHERE state IN ('pending', 'extracting', 'embedding');

CREATE TABLE knowledge_tags (
    document TEXT NOT NULL,
    tag      TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    PRIMARY KEY (document, tag)
);
CREATE INDEX knowledge_tags_tag ON knowledge_tags (tenant, tag, document);

-- The text of a document, one part after the other. Places in it are counted in characters.
CREATE TABLE knowledge_parts (
    document   TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    tenant     TEXT   NOT NULL,
    page       BIGINT,
    start_char BIGINT NOT NULL,
    text       TEXT   NOT NULL CHECK (length(text) <= 65535),
    PRIMARY KEY (document, position)
);
CREATE INDEX knowledge_parts_tenant ON knowledge_parts (tenant);

CREATE TABLE knowledge_chunks (
    id         TEXT   NOT NULL PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    document   TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    page       BIGINT,
    start_char BIGINT NOT NULL,
    end_char   BIGINT NOT NULL,
    tokens     BIGINT NOT NULL,
    text       TEXT   NOT NULL,
    -- Of the text with its white space made plain.
    hash       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
-- No text twice in one document.
CREATE UNIQUE INDEX knowledge_chunks_document_hash ON knowledge_chunks (document, hash);
CREATE UNIQUE INDEX knowledge_chunks_document_position ON knowledge_chunks (document, position);
CREATE INDEX knowledge_chunks_tenant ON knowledge_chunks (tenant, document);

-- Vectors of length one: 32-bit floats, little-endian. These rows are the truth; every index over
-- them can be made anew. `hash` is of the text, so that the same text is not sent to a model twice.
CREATE TABLE knowledge_vectors (
    chunk      TEXT   NOT NULL,
    model      TEXT   NOT NULL,
    dimensions BIGINT NOT NULL,
    tenant     TEXT   NOT NULL,
    document   TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    vector     BYTEA  NOT NULL,
    PRIMARY KEY (chunk, model, dimensions)
);
CREATE INDEX knowledge_vectors_tenant ON knowledge_vectors (tenant, model, dimensions, document);
CREATE INDEX knowledge_vectors_hash ON knowledge_vectors (tenant, model, hash);
CREATE INDEX knowledge_vectors_document ON knowledge_vectors (document);
