ALTER TABLE source_items DROP COLUMN placed;
