"""What a page must never do in any test: say errors, break its policy, or ask another host."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Request

REPORT_BREACHES = """
addEventListener("securitypolicyviolation", (breach) => {
  console.error(`policy: ${breach.violatedDirective} ${breach.blockedURI} ${breach.sample}`);
});
"""


class Watch:
    """Collects what went wrong in the pages of a context; a test names the lines of the console that it provokes."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        """Listen from the first page on."""
        self._address = address
        self._allowed: list[str] = []
        self._found: list[str] = []
        context.add_init_script(REPORT_BREACHES)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._see(error.error))
        context.on("request", self._follow)

    def allow(self, *parts: str) -> None:
        """Let lines of the console pass that have one of these parts, such as `status of 401`."""
        self._allowed.extend(parts)

    def faults(self) -> list[str]:
        return [line for line in self._found if not any(part in line for part in self._allowed)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._found.append(f"console: {message.text} {message.location.get('url', '')}")

    def _see(self, error: Error) -> None:
        self._found.append(f"uncaught: {error.message}")

    def _follow(self, request: Request) -> None:
        if request.method == "DELETE":  # Pictures of the document may be on their way when it goes.
            self.allow(f"404 (Not Found) {request.url}/pages/")
        if request.url.startswith(("http", "ws")) and not request.url.startswith(self._address):
            self._found.append(f"foreign host: {request.url}")
