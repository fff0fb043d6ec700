"""A real browser in front of a real platform; whatever the test, its pages say no error and ask no other host."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.acceptance.api_client import ApiClient
from tests.browser.report import Share, keep
from tests.browser.scripts import Scripts
from tests.browser.visitors import Person, Visitor
from tests.browser.watching import Watch
from tests.platforms import StartedPlatform, data_directory, platform

CHROMIUM = shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage")
ENVIRONMENT = {"WORKER_CONCURRENCY": "2", "MAX_UPLOAD_MB": "8"}
SLOWEST_MS = 10_000
WEBP_QUALITY = 82
Visit = Callable[..., Visitor]
Meet = Callable[..., Person]
Take = Callable[[Page, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all of them in one process, which starts one platform."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(120))
            # Clients of pages that were cut off may be left to the garbage collector with their sockets open.
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="session")
def chromium() -> str:
    return CHROMIUM or pytest.skip("there is no chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="session")
def running(chromium: str) -> Iterator[StartedPlatform]:  # noqa: ARG001 — nothing to start where no browser is.
    """Start the platform that all browser tests use; each makes accounts of its own."""
    with data_directory() as data, platform(data, environment=ENVIRONMENT) as started:
        yield started.wait_ready()


@pytest.fixture(scope="session")
def scripts(pytestconfig: pytest.Config) -> Iterator[Scripts]:
    scripts = Scripts()
    yield scripts
    keep(pytestconfig, Share(scripts.share(), scripts.table()))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Start Debian's Chromium; Playwright's loop must not run on in modules whose tests have loops of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, running: StartedPlatform, scripts: Scripts) -> Iterator[Visit]:
    """Make visitors, each with a browser context of its own; it takes what `new_context` takes."""
    met: list[Visitor] = []
    with ExitStack() as contexts:

        def arrive(**options: Any) -> Visitor:
            size = {"viewport": {"width": 1280, "height": 800}, **options}
            context = contexts.enter_context(browser.new_context(base_url=running.address, **size))
            context.set_default_timeout(SLOWEST_MS)
            met.append(Visitor(context, Watch(context, running.address), scripts))
            return met[-1]

        yield arrive
        scripts.take()
    faults = [fault for visitor in met for fault in visitor.watch.faults()]
    assert not faults, "\n".join(faults)


@pytest.fixture
def meet(visit: Visit, running: StartedPlatform, scripts: Scripts) -> Iterator[Meet]:
    """Make people with accounts, signed in."""
    with ExitStack() as clients:

        def arrive(name: str = "Ada Lovelace", **options: Any) -> Person:
            client = ApiClient(running.address, name=name)
            clients.callback(client.close)
            visitor = visit(storage_state=_remembering(running.address), **options)
            person = Person(visitor.context, visitor.watch, scripts, client)
            person.sign_in()
            return person

        yield arrive


@pytest.fixture
def ada(meet: Meet) -> Person:
    return meet()


@pytest.fixture
def admin(meet: Meet, running: StartedPlatform) -> Person:
    person = meet("Root <b>Admin</b>")
    with psycopg.connect(running.note["DATABASE_URL"]) as connection:
        connection.execute("UPDATE users SET role = 'admin' WHERE id = %s", (person.id,))
    return person


@pytest.fixture
def take(pytestconfig: pytest.Config, tmp_path: Path) -> Take:
    """Take pictures, with `--pictures FOLDER` to keep."""
    folder: Path = pytestconfig.getoption("--pictures") or tmp_path
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as picture:
            picture.convert("RGB").save(folder / f"{name}.webp", quality=WEBP_QUALITY, method=6)

    return take


def _remembering(address: str) -> dict[str, Any]:
    """Return what the page keeps where somebody has signed in."""
    return {"cookies": [], "origins": [{"origin": address, "localStorage": [{"name": "sheaf.known", "value": "1"}]}]}
