DROP TABLE key_moves;
