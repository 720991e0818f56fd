DROP TABLE assistant_prompts;
DROP TABLE assistant_events;
DROP TABLE assistant_runs;
DROP TABLE assistant_messages;
DROP TABLE assistant_chats;
