DROP SEQUENCE record_numbers;
