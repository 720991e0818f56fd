-- A list over all tenants is read in its order too, not sorted as a whole for each page.
CREATE INDEX records_collection ON records (collection, created_at, id) WHERE version IS NULL;
