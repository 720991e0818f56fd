DROP TRIGGER knowledge_chunks_gone;
DROP TABLE knowledge_words;
DROP TABLE knowledge_word_rows;
