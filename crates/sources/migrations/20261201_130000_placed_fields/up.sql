-- What a source placed itself in which field of a record: what another source finds there was not changed by
-- hand. None where it is what the source wrote.
ALTER TABLE source_items ADD COLUMN placed TEXT;
