"""The signatures of all commands: what they take, and which function does the work."""
