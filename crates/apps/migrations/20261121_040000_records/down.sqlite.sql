DROP TABLE record_indexes;
DROP TABLE record_words;
DROP TABLE records;
