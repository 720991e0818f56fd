DROP TRIGGER knowledge_chunks_gone ON knowledge_chunks;
DROP FUNCTION knowledge_words_gone();
DROP TABLE knowledge_words;
