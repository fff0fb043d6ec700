"""`sheaf backup` and `sheaf restore`: the database, the files and the key, in a folder."""
