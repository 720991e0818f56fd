-- Those of records outside of versions are not looked for by older programs.
DELETE FROM record_vectors WHERE version IS NULL;
DROP INDEX record_vectors_records;
DROP INDEX record_vectors_versions;
CREATE INDEX record_vectors_version ON record_vectors (version);
