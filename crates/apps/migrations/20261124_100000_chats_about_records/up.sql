-- The record that a chat is about; it goes with that record.
ALTER TABLE assistant_chats ADD COLUMN record TEXT;
CREATE INDEX assistant_chats_record ON assistant_chats (record) WHERE record IS NOT NULL;

-- What a chat is about, as it was when the chat began: apart from the chats, so that a list of them does
-- not read it.
CREATE TABLE assistant_abouts (
    chat   TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    about  TEXT NOT NULL
);
CREATE INDEX assistant_abouts_tenant ON assistant_abouts (tenant);
