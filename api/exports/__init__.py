"""Exports: a document with all that was found in it, in one answer."""
