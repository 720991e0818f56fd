DROP TABLE record_indexes;
DROP TABLE records;
