"""Jobs: what became of the work that users asked for."""
