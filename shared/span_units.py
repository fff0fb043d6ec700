"""In what units spans are stored; apart from their model, because the sandbox loads no pydantic."""

SCALE = 100  # Positions are whole hundredths of a point, which packs well.
FAR = 2**53
