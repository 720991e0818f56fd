-- What could be asked after an answer, as it was proposed with it.
ALTER TABLE assistant_messages ADD COLUMN followups TEXT NOT NULL DEFAULT '[]';
