"""Visitors of the page: each has a browser context of its own and, with an account, the plain API beside it."""

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page

from tests.acceptance.api_client import ApiClient
from tests.browser.scripts import Scripts
from tests.browser.watching import Watch
from tests.work import PASSWORD

LOADED = "() => document.querySelector('main h1')"


@dataclass
class Visitor:
    """Somebody at a browser, signed in nowhere yet."""

    context: BrowserContext
    watch: Watch
    scripts: Scripts

    def open(self, path: str = "/") -> Page:
        """Open a page of Sheaf's in a new tab and wait until its view stands."""
        page = self.context.new_page()
        self.scripts.profile(page)
        page.goto(path)
        page.wait_for_function(LOADED)
        return page


@dataclass
class Person(Visitor):
    """A visitor with an account, who is signed in; `api` speaks for the same account."""

    api: ApiClient

    @property
    def id(self) -> int:
        number: int = self.api.user["id"]
        return number

    @property
    def name(self) -> str:
        return str(self.api.user["name"])

    @property
    def email(self) -> str:
        return str(self.api.user["email"])

    def sign_in(self) -> None:
        """Give the browser the cookies of a session."""
        answer = self.context.request.post("/session", data={"email": self.email, "password": PASSWORD})
        assert answer.ok, answer.text()
