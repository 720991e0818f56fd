DROP TABLE assistant_earlier;
