"""Accounts: registering, signing in, and the people of this installation."""
