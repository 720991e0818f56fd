DROP TABLE assistant_abouts;
DROP INDEX assistant_chats_record;
ALTER TABLE assistant_chats DROP COLUMN record;
