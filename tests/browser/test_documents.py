"""The list of documents: filters, keys, many at once, second thoughts, and a thousand rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Meet
from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import slow_page_pdf, table_pdf, text_pdf
from tests.platforms import StartedPlatform, eventually

LARGE_PICTURES = """() => [...document.querySelectorAll(".thumbnail img")].filter(
  (picture) => picture.naturalWidth === 400).length === 2"""
LOAD_AGAIN = """async () => {
  const loaded = performance.getEntriesByType("resource").map((file) => file.name);
  await (await import(loaded.find((name) => name.endsWith("/js/documents.js")))).load();
}"""


def names(page: Page) -> list[str]:
    return page.locator(".row .name").all_inner_texts()


def choose(page: Page, name: str, entry: str) -> None:
    """Choose an entry of the menu of a row."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=entry).click()


@contextmanager
def silent_workers(running: StartedPlatform) -> Iterator[None]:
    """Have nobody hear of a worker for a while: what they said last is old, and they cannot say more."""
    with psycopg.connect(running.note["DATABASE_URL"]) as connection:
        are_old = False
        while not are_old:
            connection.execute("UPDATE workers SET heartbeat_at = now() - interval '1 minute' WHERE slots > 0")
            connection.commit()
            held = "SELECT heartbeat_at < now() - interval '30 s' FROM workers WHERE slots > 0 FOR UPDATE"
            are_old = all(is_old for (is_old,) in connection.execute(held))
        yield


def filled(person: Person) -> Page:
    """Give somebody three documents that have ended, one of them badly, and open the list."""
    given = {"beta.pdf": text_pdf(3), "alpha.pdf": table_pdf(), "wreck.pdf": b"%PDF-1.7 torn off"}
    person.api.wait_all([person.api.upload(content, name=name) for name, content in given.items()])
    page = person.open()
    expect(page.locator(".row")).to_have_count(3)
    return page


def test_an_empty_list_says_what_to_do_and_offers_an_example(ada: Person) -> None:
    page = ada.open()
    expect(page.locator(".welcome")).to_contain_text("Drop your PDFs here")
    assert_sound(page)
    page.get_by_role("button", name="Try an example").click()
    expect(page.locator(".row", has_text="Harvest report.pdf")).to_contain_text("1 table", timeout=20_000)


def test_the_list_is_filtered_sorted_and_kept_in_the_address(ada: Person) -> None:
    page = filled(ada)
    assert names(page) == ["wreck.pdf", "alpha.pdf", "beta.pdf"]
    page.get_by_role("button", name="Failed 1").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".mending")).to_contain_text("The PDF is damaged")
    page.get_by_role("button", name="All 3").click()
    page.get_by_label("Sort by").select_option("Name")
    page.get_by_label("Find documents by name").fill("a.pdf")
    expect(page.locator(".row")).to_have_count(2)
    page.reload()
    expect(page.locator(".row")).to_have_count(2)
    assert names(page) == ["alpha.pdf", "beta.pdf"]
    assert_sound(page)


def test_a_deleted_document_can_be_had_back(ada: Person) -> None:
    page = filled(ada)
    choose(page, "alpha.pdf", "Delete")
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row")).to_have_count(3)
    assert ada.api.get("/documents")["total"] == 3


def test_everything_is_done_with_the_keyboard(ada: Person) -> None:
    ada.watch.allow("404")  # A picture may be asked for while its document is deleted.
    page = filled(ada)
    page.locator(".row .name").first.focus()
    for key in ("x", "ArrowDown", "x", "Delete"):
        page.keyboard.press(key)
    expect(page.locator(".row")).to_have_count(1)
    page.locator(".notice").get_by_role("button", name="Dismiss").click()
    page.wait_for_function("async () => (await (await fetch('/documents')).json()).total === 1")


def test_a_document_is_renamed_and_read_again(ada: Person) -> None:
    page = filled(ada)
    choose(page, "beta.pdf", "Rename")
    page.get_by_label("Name", exact=True).fill("gamma.pdf")
    page.keyboard.press("Enter")
    row = page.locator(".row", has_text="gamma.pdf")
    row.get_by_role("button", name="Actions for gamma.pdf").click()
    before = ada.api.get("/jobs")["total"]
    page.get_by_role("menuitem", name="Read again").click()
    page.wait_for_function("async (before) => (await (await fetch('/jobs')).json()).total > before", arg=before)
    expect(row.locator(".state")).to_contain_text("Ready", timeout=20_000)


def test_another_programs_upload_appears_by_itself(ada: Person) -> None:
    page = ada.open()
    expect(page.locator(".welcome")).to_be_visible()
    ada.api.upload(text_pdf(2))
    expect(page.locator(".row")).to_contain_text("2 pages", timeout=20_000)


def test_many_are_read_again_at_once(ada: Person) -> None:
    page = filled(ada)
    page.get_by_label("Select alpha.pdf").check()
    page.get_by_role("button", name="Select all 3").click()
    expect(page.locator(".bulk")).to_contain_text("3 selected")
    assert_sound(page)
    page.locator(".bulk").get_by_role("button", name="Read again").click()
    expect(page.locator(".bulk")).to_be_hidden()
    page.wait_for_function("async () => (await (await fetch('/jobs')).json()).total === 6")


def test_a_list_that_cannot_be_had_says_so_and_keeps_its_rows(ada: Person) -> None:
    page = filled(ada)
    ada.watch.allow("ERR_FAILED", "Failed to load resource")
    page.route("**/documents?*", lambda route: route.abort())
    page.evaluate(LOAD_AGAIN)
    expect(page.locator(".trouble")).to_contain_text("The list cannot be loaded")
    expect(page.locator(".row")).to_have_count(3)
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".trouble")).to_have_count(0)


def test_documents_are_shown_as_pictures_and_stay_so(ada: Person) -> None:
    page = filled(ada)
    page.get_by_role("button", name="As pictures").click()
    page.wait_for_function(LARGE_PICTURES, timeout=20_000)
    assert_sound(page)
    page.locator(".row .name").first.focus()
    for key, name in (("ArrowRight", "alpha.pdf"), ("End", "beta.pdf"), ("ArrowLeft", "alpha.pdf")):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.reload()
    expect(page.get_by_role("button", name="As pictures")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As a list").click()
    expect(page.locator(".documents.grid")).to_have_count(0)


def test_a_document_is_shared_from_its_row(ada: Person, meet: Meet) -> None:
    grace = meet("Grace Hopper")
    page = filled(ada)
    choose(page, "alpha.pdf", "Share in chat")
    page.get_by_label("Send it to").fill(grace.email)
    page.get_by_role("button", name="Send to Grace Hopper").click()
    expect(page.get_by_role("button", name="End access of Grace Hopper")).to_be_visible()
    assert [message["content"] for message in grace.api.get("/messages")["data"]] == ["Have a look at this document."]


def test_reading_is_stopped_from_the_row(ada: Person) -> None:
    ada.api.upload(slow_page_pdf(2, slow=2), name="slow.pdf")
    page = ada.open()
    expect(page.locator(".state")).to_contain_text("Reading 1/2", timeout=20_000)
    choose(page, "slow.pdf", "Stop reading")
    expect(page.locator(".state")).to_have_text("Cancelled")


def test_pages_that_are_not_there_are_asked_for_again(ada: Person) -> None:
    ada.api.wait(ada.api.upload(text_pdf(2), pages="7-9"))
    ada.watch.allow("status of 422")
    page = ada.open()
    pages = page.get_by_label("Pages: x.pdf")
    pages.fill("one")
    page.get_by_role("button", name="Read these").click()
    expect(page.locator(".mending .error")).not_to_be_empty()
    pages.fill("2")
    pages.press("Enter")
    expect(page.locator(".state")).to_have_text("Ready", timeout=20_000)


def test_a_document_that_is_gone_is_not_renamed(ada: Person) -> None:
    ada.watch.allow("status of 404")
    document = ada.api.wait(ada.api.upload(text_pdf()))
    page = ada.open()
    choose(page, "x.pdf", "Rename")
    ada.api.delete(f"/documents/{document['id']}")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_deleted_is_deleted_also_for_who_leaves_at_once(ada: Person) -> None:
    ada.watch.allow("404")  # As above.
    page = filled(ada)
    choose(page, "alpha.pdf", "Delete")
    expect(page.locator(".row")).to_have_count(2)
    page.goto("/docs")
    eventually(lambda: ada.api.get("/documents")["total"] == 2)


def test_what_cannot_be_done_is_said(ada: Person) -> None:
    ada.watch.allow("ERR_FAILED")
    page = filled(ada)
    page.route("**/jobs*", lambda route: route.abort())
    choose(page, "alpha.pdf", "Read again")
    expect(page.locator(".notice.error")).to_contain_text("The server cannot be reached")


def test_a_filter_that_finds_nothing_is_taken_away(ada: Person) -> None:
    page = filled(ada)
    page.get_by_label("Find documents by name").fill("zebra")
    expect(page.locator(".nothing")).to_contain_text("No document with “zebra” in its name.")
    page.get_by_role("button", name="Show all documents").click()
    expect(page.locator(".row")).to_have_count(3)


def test_grey_rows_stand_for_a_list_that_takes_its_time(ada: Person) -> None:
    held: list[Route] = []
    ada.context.route("**/documents?*", lambda route: held.append(route))  # noqa: PLW0108 — Playwright marks its handlers.
    page = ada.open()
    expect(page.locator(".ghost")).to_have_count(3)
    held.pop().continue_()
    expect(page.locator(".welcome")).to_be_visible()


def test_it_is_said_when_no_worker_is_there(ada: Person, running: StartedPlatform) -> None:
    page = ada.open()
    with silent_workers(running):
        ada.api.upload(text_pdf(), name="patient.pdf")
        expect(page.locator(".state")).to_contain_text("Waiting")
        expect(page.locator("#strips")).to_contain_text("Nothing is being read at the moment", timeout=20_000)
        assert_sound(page)
    expect(page.locator("#strips")).to_be_empty(timeout=20_000)
    expect(page.locator(".state")).to_have_text("Ready", timeout=20_000)
