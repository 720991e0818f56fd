ALTER TABLE knowledge_documents DROP COLUMN titled;
DROP TABLE knowledge_swept;
ALTER TABLE knowledge_spaces DROP COLUMN has_served;
ALTER TABLE knowledge_spaces DROP COLUMN wanted_at;
