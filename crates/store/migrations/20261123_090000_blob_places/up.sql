-- Where the bytes of a blob lie: in the row itself when it names no place, else in an object there, and the row's own
-- `bytes` are empty.
ALTER TABLE blobs ADD COLUMN place TEXT;
ALTER TABLE blobs ADD COLUMN object TEXT;
CREATE UNIQUE INDEX blobs_object ON blobs (object) WHERE object IS NOT NULL;

-- Objects that no blob names: written and not named yet, or named no more. From `due_at` on they are cleared away; one
-- that is `claimed` is being cleared away, and can be named no more.
CREATE TABLE blob_leftovers (
    object  TEXT   NOT NULL PRIMARY KEY,
    place   TEXT   NOT NULL,
    due_at  BIGINT NOT NULL,
    claimed BIGINT NOT NULL
);
CREATE INDEX blob_leftovers_due_at ON blob_leftovers (due_at);
