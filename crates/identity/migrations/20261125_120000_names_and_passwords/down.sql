DROP TABLE sign_in_locks;
DROP TABLE former_passwords;
DROP INDEX users_email_lower;
-- Whoever has no e-mail address needs something that nobody else has there.
UPDATE users SET email_lower = id WHERE email_lower = '';
CREATE UNIQUE INDEX users_email_lower ON users (email_lower);
DROP INDEX users_username_lower;
ALTER TABLE users DROP COLUMN username_lower;
ALTER TABLE users DROP COLUMN username;
