DROP TABLE archived_records;
DROP TABLE archives;
