"""Asks the platform's own API whether everything can work, from a thread of its own."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from cli.up.log import Log

PAUSE_S = 0.1
TIMEOUT_S = 5
PATIENCE_S = 5


class ReadinessProbe:
    """Polls `/readyz` until its status is `ok`; says now and then what is missing."""

    def __init__(self, address: str, log: Log, *, on_ready: Callable[[], None]) -> None:
        """Begin to ask; `on_ready` is called in the probe's thread."""
        self.is_ready = False
        self._address = address
        self._log = log
        self._on_ready = on_ready
        threading.Thread(target=self._poll, daemon=True).start()

    def _poll(self) -> None:
        said, patient_until = "", time.monotonic() + PATIENCE_S
        while not self.is_ready:
            answer = _ask(f"{self._address}/readyz")
            if answer.get("status") == "ok":
                self.is_ready = True
                self._on_ready()
            elif time.monotonic() > patient_until and said != (said := json.dumps(answer)):
                self._log.say(f"not ready yet: {said}")
            time.sleep(PAUSE_S)


def _ask(url: str) -> dict[str, object]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Our own address needs no proxy.
    try:
        with opener.open(url, timeout=TIMEOUT_S) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        return {"status": error.code, "said": error.read().decode(errors="replace")[:500]}
    except (OSError, ValueError) as error:
        return {"status": "no answer", "said": str(error)}
    return answer if isinstance(answer, dict) else {"status": "unknown answer"}
