"""What is made of documents on demand: one question to a fresh sandbox child, one answer that is checked and kept."""
