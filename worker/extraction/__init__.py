"""Getting text, words and tables out of a PDF, in a sandboxed process of its own."""
