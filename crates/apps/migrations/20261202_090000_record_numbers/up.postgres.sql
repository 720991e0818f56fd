-- Counts the records of collections with `ids: integer`, over all such collections. Nobody waits for
-- anybody else's transaction to end.
CREATE SEQUENCE record_numbers MAXVALUE 999999999999999;
