"""What the API process and the workers both speak: settings, errors, tables, job lifecycle and storage."""
