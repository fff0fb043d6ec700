"""`sheaf doctor`: says before the first start, and after any trouble, what of an installation will not do."""
