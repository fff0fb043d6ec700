"""How long a process that ended waits before it is started again."""

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
HEALTHY_AFTER_S = 10.0


class Backoff:
    """Doubles the delay with every failure in a row; a process that lived long enough starts over."""

    def __init__(self) -> None:
        """Begin without a failure."""
        self.failures = 0

    def delay_after(self, lived_s: float) -> float:
        """Count a process that ended after this time and return the seconds to wait."""
        if lived_s >= HEALTHY_AFTER_S:
            self.failures = 0
        self.failures += 1
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (self.failures - 1))
