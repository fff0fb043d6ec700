"""Documents: uploading PDFs and reading what was found in them."""
