"""The web page: files that browsers load, and the routes that serve them."""
