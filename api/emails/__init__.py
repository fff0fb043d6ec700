"""E-mails that users send through this installation."""
