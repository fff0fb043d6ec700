"""What requests cost: polls, uploads and sign-ins, each beside a bare FastAPI app that does the same work."""
