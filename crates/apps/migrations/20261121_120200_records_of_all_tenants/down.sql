DROP INDEX records_collection;
