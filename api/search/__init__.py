"""Search: finding the pages on which something stands, and where on them."""
