-- The nearest are looked for among the records of a tenant, or of a version, in the order of the records.
DROP INDEX record_vectors_version;
CREATE INDEX record_vectors_versions ON record_vectors (version, model, record) WHERE version IS NOT NULL;
CREATE INDEX record_vectors_records ON record_vectors (tenant, model, record) WHERE version IS NULL;
