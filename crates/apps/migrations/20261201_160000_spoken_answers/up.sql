-- What is needed to end an answer that a model has spoken whole, as long as its run goes on: whoever ends the
-- run in the place of a process that died ends it as the good answer that it is. Holds what is told at the
-- end, with what it cites; the words are those that were told.
ALTER TABLE assistant_runs ADD COLUMN spoken TEXT;
