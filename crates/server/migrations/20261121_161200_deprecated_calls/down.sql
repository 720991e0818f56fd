DROP TABLE deprecated_calls;
