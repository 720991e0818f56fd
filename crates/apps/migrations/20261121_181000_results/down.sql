DROP TABLE feedback;
DROP TABLE switches;
DROP TABLE result_raws;
DROP INDEX records_created_by;
