"""How fast one client may send frames: so many a second, after so many at once."""

import time


class Pace:
    """A bucket of tokens: it is full at first, and each frame takes one."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._per_second, self._at_once = per_second, at_once
        self._left, self._then = float(at_once), time.monotonic()

    def allows(self) -> bool:
        """Take a token; False when there is none."""
        moment = time.monotonic()
        self._left = min(self._at_once, self._left + (moment - self._then) * self._per_second)
        self._then = moment
        if self._left < 1:
            return False
        self._left -= 1
        return True
