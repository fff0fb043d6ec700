"""What a visit costs: bytes, requests, time over a slow line, and a list of a thousand documents."""

from collections.abc import Callable
from typing import Any

import psycopg
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitors import Person
from tests.pdf_files import text_pdf
from tests.platforms import StartedPlatform

MOST_BYTES, MOST_REQUESTS = 60_000, 15
MOST_REQUESTS_FOR_THE_LIST = 17  # What uploads need comes after it.
SLOW = {"offline": False, "latency": 100, "downloadThroughput": 1.5e6 / 8, "uploadThroughput": 1.5e6 / 8}
TRIES = 4  # The best one says what the page costs; the others say what else the machine had to do.
USABLE_WITHIN_MS = 3000  # One second on a machine of its own; tests share theirs.
LONGEST_TASK_MS = 500  # A tenth of a second on a machine of its own.
OBSERVE = """
window.seen = { shift: 0, longest: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen.longest = Math.max(window.seen.longest, entry.duration);
}).observe({ type: "longtask", buffered: true });
"""
# Ids are in the order of time: the copies come after everybody's own in all lists, also in those of other tests.
OLDER_ID = """
CREATE FUNCTION pg_temp.older_id() RETURNS uuid LANGUAGE sql VOLATILE
  AS $$ SELECT overlay(gen_random_uuid()::text PLACING '00000000' FROM 1)::uuid $$
"""
COPY_DOCUMENTS = """
INSERT INTO documents SELECT made.* FROM documents d, generate_series(1, %s) n, LATERAL jsonb_populate_record(
  d, jsonb_build_object('id', pg_temp.older_id(), 'latest_job_id', pg_temp.older_id(), 'blob_key', gen_random_uuid(),
                        'sha256', md5(n::text), 'filename', format('report %%s.pdf', n))) made WHERE d.id = %s
"""
COPY_JOBS = """
INSERT INTO jobs SELECT made.* FROM jobs j, documents d, LATERAL jsonb_populate_record(
  j, jsonb_build_object('id', d.latest_job_id, 'document_id', d.id)) made
WHERE j.document_id = %s AND d.owner_id = j.owner_id AND d.id <> j.document_id
"""


def transferred(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map((file) => ({name: file.name, size: file.transferSize, start: file.startTime}))"
    )
    return found


def multiply(person: Person, running: StartedPlatform, many: int) -> None:
    """Give somebody so many documents, all but one of them copies, which have no file to draw."""
    first = person.api.wait(person.api.upload(text_pdf()))["id"]
    with psycopg.connect(running.note["DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("SET session_replication_role = replica")  # Jobs that have ended are not born like that.
        connection.execute(OLDER_ID)
        connection.execute(COPY_DOCUMENTS, [many - 1, first])
        connection.execute(COPY_JOBS, [first])
    person.watch.allow("/pages/1/image")


def test_a_first_visit_is_small(visit: Visit) -> None:
    files = transferred(visit().open())
    assert len(files) <= MOST_REQUESTS, files
    assert sum(file["size"] for file in files) <= MOST_BYTES


def test_the_list_is_small_for_somebody_with_an_empty_cache(ada: Person, running: StartedPlatform) -> None:
    multiply(ada, running, 30)
    page = ada.open()
    page.locator(".row").first.wait_for()
    page.locator(".uploads").wait_for(state="attached")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((file) => file.name.includes('/documents?'))"
    )
    files = [file for file in transferred(page) if "/image" not in file["name"]]
    listed = next(file for file in files if "/documents?" in file["name"])
    assert sum(file["start"] <= listed["start"] for file in files) <= MOST_REQUESTS_FOR_THE_LIST, files
    assert sum(file["size"] for file in files) <= MOST_BYTES, files


def test_a_slow_line_is_no_reason_to_wait(visit: Visit) -> None:
    def usable_after() -> float:
        page = visit().context.new_page()
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
        page.goto("/", wait_until="commit")
        page.get_by_role("button", name="Sign in").wait_for()
        milliseconds: float = page.evaluate("() => performance.now()")
        return milliseconds

    assert least(usable_after, enough=USABLE_WITHIN_MS) < USABLE_WITHIN_MS


def test_a_thousand_documents_stay_quick(ada: Person, running: StartedPlatform) -> None:
    multiply(ada, running, 1000)
    ada.context.add_init_script(OBSERVE)

    def longest_task() -> float:
        page = ada.open()
        expect(page.get_by_role("button", name="All 1000")).to_be_visible()
        assert page.locator(".row").count() < 200
        assert page.evaluate("() => window.seen.shift") < 0.05
        page.get_by_label("Sort by").select_option("Name")
        page.get_by_label("Find documents by name").fill("report 99")
        expect(page.locator(".row")).to_have_count(11)
        page.get_by_label("Find documents by name").fill("")
        for _ in range(3):
            page.mouse.wheel(0, 4000)
            page.wait_for_timeout(150)
        milliseconds: float = page.evaluate("() => window.seen.longest")
        return milliseconds

    assert least(longest_task, enough=LONGEST_TASK_MS) < LONGEST_TASK_MS


def least(measure: Callable[[], float], *, enough: float) -> float:
    """Measure until it is enough or the tries are used up, and return the smallest."""
    found = []
    for _ in range(TRIES):
        found.append(measure())
        if found[-1] < enough:
            break
    return min(found)
