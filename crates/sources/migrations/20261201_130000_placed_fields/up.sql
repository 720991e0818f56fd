-- What a source placed itself in which field of a record: what another source finds there was not changed by
-- hand. None where it is what the source wrote.
ALTER TABLE source_items ADD COLUMN placed TEXT;
-- Of records that several sources write nobody knows who placed what: none of it, so that no correction by hand
-- counts as placed by a source that merely said the same.
UPDATE source_items SET placed = '{}'
 WHERE record IN (SELECT record FROM source_items GROUP BY record HAVING COUNT(*) > 1);
