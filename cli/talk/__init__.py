"""Commands of messages between people."""
