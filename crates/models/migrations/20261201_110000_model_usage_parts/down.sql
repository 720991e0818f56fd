ALTER TABLE model_usage DROP COLUMN tokens_cache_written_1h;
ALTER TABLE model_usage DROP COLUMN tokens_audio_in;
ALTER TABLE model_usage DROP COLUMN tokens_audio_out;
ALTER TABLE model_usage DROP COLUMN web_searches;
