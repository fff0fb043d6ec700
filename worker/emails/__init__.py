"""Sending mails: composed once, handed to one mail server, one recipient a message."""
