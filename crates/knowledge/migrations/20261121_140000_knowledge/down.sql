DROP TABLE knowledge_vectors;
DROP TABLE knowledge_chunks;
DROP TABLE knowledge_parts;
DROP TABLE knowledge_tags;
DROP TABLE knowledge_documents;
