"""Administration: what only administrators see and change."""
