DROP TABLE question_runs;
DROP TABLE question_answers;
DROP TABLE question_turns;
DROP TABLE question_conversations;
