ALTER TABLE assistant_runs DROP COLUMN spoken;
