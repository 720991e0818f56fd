DROP TABLE progress_answers;
