DROP TABLE configuration_heads;
DROP TABLE configuration_versions;
