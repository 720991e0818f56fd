DROP TABLE record_numbers;
