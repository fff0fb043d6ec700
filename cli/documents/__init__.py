"""Commands of documents: sending and following them, and fetching what was found in them."""
