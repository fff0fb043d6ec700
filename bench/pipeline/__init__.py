"""The whole platform, from an upload to its result, against simpler ways to read the same files on the same cores."""
