"""Live: the news of a user by WebSocket, server-sent events and long poll, and messages between users."""
