-- What lies elsewhere would be lost: `mainstay blobs move --to database` comes first. The name of the rule is what the
-- database complains with.
CREATE TABLE blob_places_gone (
    outside BIGINT NOT NULL CONSTRAINT move_blobs_to_the_database_first CHECK (outside = 0)
);
INSERT INTO blob_places_gone SELECT count(*) FROM blobs WHERE object IS NOT NULL;
DROP TABLE blob_places_gone;

DROP TABLE blob_leftovers;
DROP INDEX blobs_object;
ALTER TABLE blobs DROP COLUMN object;
ALTER TABLE blobs DROP COLUMN place;
