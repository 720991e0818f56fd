DROP TABLE source_cache_uses;
DROP TABLE source_cache;
DROP TABLE source_asides;
DROP TABLE source_items;
DROP TABLE source_states;
DROP TABLE source_runs;
