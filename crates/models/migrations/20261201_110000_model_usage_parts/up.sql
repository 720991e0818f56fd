-- What is billed for more than its kin, or beside the tokens: a cost can be told from its row.
ALTER TABLE model_usage ADD COLUMN tokens_cache_written_1h BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN tokens_audio_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN tokens_audio_out BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN web_searches BIGINT NOT NULL DEFAULT 0;
