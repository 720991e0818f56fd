DROP TRIGGER knowledge_tags_gone;
DROP TRIGGER knowledge_tags_added;
DROP TRIGGER knowledge_documents_placed;
DROP TRIGGER knowledge_vectors_gone;
DROP TRIGGER knowledge_vectors_changed;
DROP TRIGGER knowledge_vectors_added;
DROP TABLE knowledge_changes;
DROP TABLE knowledge_spaces;
