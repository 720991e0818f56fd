-- The last number that a record of a collection with `ids: integer` got, over all such collections.
CREATE TABLE record_numbers (
    last INTEGER NOT NULL CHECK (last <= 999999999999999)
);
INSERT INTO record_numbers (last) VALUES (0);
