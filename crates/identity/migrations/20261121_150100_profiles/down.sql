DROP TABLE outside_accounts;
DROP TABLE profiles;
