"""Chat between two people, each in a browser of their own: what arrives, what waits, and what stays text."""

import json
import re

import pytest
from playwright.sync_api import Page, WebSocketRoute

from tests.browser.conftest import Meet
from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import text_pdf

RESTART = 1012
LAST_TICK = "[...document.querySelectorAll('.tick .unseen')].at(-1)?.textContent"
IS_AT_END = """() => { const log = document.querySelector('.log');
  return log.scrollHeight - log.scrollTop - log.clientHeight < 5; }"""


@pytest.fixture
def bob(meet: Meet) -> Person:
    return meet("Bob <i>Noyce</i>")


class Line:
    """The live connection of a page, which a test can cut, and on which frames get lost."""

    def __init__(self) -> None:
        """Begin as if nothing stood between."""
        self.loses: tuple[str, ...] = ()
        self._is_cut = False
        self._ends: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    def cut(self) -> None:
        self._is_cut = True
        for page, server in self._ends:
            page.close(code=RESTART)
            server.close()
        self._ends.clear()

    def mend(self, page: Page) -> None:
        self._is_cut = False
        page.evaluate("() => dispatchEvent(new Event('online'))")

    def open(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close(code=RESTART)
            return
        server = socket.connect_to_server()
        server.on_message(lambda frame: None if json.loads(frame)["type"] in self.loses else socket.send(frame))
        self._ends.append((socket, server))


def write(page: Page, text: str) -> None:
    page.fill("textarea", text)
    page.keyboard.press("Enter")


def wait_for_tick(page: Page, words: str) -> None:
    page.wait_for_function(f"() => {LAST_TICK}?.startsWith('{words}')")


def drop(page: Page, place: str, files: dict[str, bytes]) -> None:
    """Drop files on an element as if they came from a disk."""
    held = page.evaluate_handle(
        """(files) => { const held = new DataTransfer();
        for (const [name, bytes] of Object.entries(files)) held.items.add(new File([Uint8Array.from(bytes)], name));
        return held; }""",
        {name: list(content) for name, content in files.items()},
    )
    page.dispatch_event(place, "drop", {"dataTransfer": held})


def say(person: Person, to: Person, text: str) -> None:
    assert person.api.post("/messages", recipient_id=to.id, content=text).status_code == 201


def contents(person: Person) -> list[str]:
    return [message["content"] for message in reversed(person.api.get("/messages")["data"])]


def test_two_people_see_each_other_come_write_and_read(ada: Person, bob: Person) -> None:
    at_ada = ada.open("/#/chat")
    at_ada.click("text=New message")
    at_ada.keyboard.type(bob.email)
    at_ada.click(f".talks >> text={bob.name}")
    write(at_ada, "See <b>page</b> 3 of https://example.org/x?y=1.\nIt is new")
    wait_for_tick(at_ada, "sent")
    at_bob = bob.open("/")
    at_bob.wait_for_function("() => document.title.startsWith('(1) ')")
    wait_for_tick(at_ada, "delivered")
    assert at_bob.inner_text("nav .unread").split() == ["1", "unread"]
    at_bob.click("nav >> text=Chat")
    at_bob.click(f".talks >> text={ada.name}")
    wait_for_tick(at_ada, "read")
    assert at_bob.inner_text(".said") == "See <b>page</b> 3 of https://example.org/x?y=1.\nIt is new"
    assert at_bob.get_attribute(".said a", "href") == "https://example.org/x?y=1"
    assert at_bob.locator(".new").count() == 1
    at_bob.wait_for_function("() => !document.title.startsWith('(')")
    at_ada.wait_for_selector(".talk header >> text=online")
    at_bob.keyboard.type("I am")
    at_ada.wait_for_selector(f"text={bob.name} is writing …")
    at_bob.keyboard.press("Enter")
    at_ada.wait_for_selector(".message:not(.mine) >> text=I am")
    assert at_ada.inner_text(".typing") == ""
    assert_sound(at_bob)
    at_bob.close()
    at_ada.wait_for_selector(".talk header >> text=offline, last seen")


def test_what_is_written_while_the_connection_is_cut_is_sent_once_it_is_back(ada: Person, bob: Person) -> None:
    line = Line()
    ada.context.route_web_socket(re.compile("/ws"), line.open)
    page = ada.open(f"/#/chat/{bob.id}")
    for number in range(10):
        line.cut()
        write(page, f"meanwhile {number}")
        page.wait_for_selector("text=Messages will be sent when you are back.")
        wait_for_tick(page, "not sent yet")
        line.mend(page)
        wait_for_tick(page, "sent")
    assert contents(bob) == [f"meanwhile {number}" for number in range(10)]


def test_an_acknowledgement_that_was_lost_makes_no_second_message(ada: Person, bob: Person) -> None:
    line = Line()
    ada.context.route_web_socket(re.compile("/ws"), line.open)
    page = ada.open(f"/#/chat/{bob.id}")
    line.loses = ("ack", "message")
    write(page, "only once")
    page.wait_for_timeout(500)
    wait_for_tick(page, "not sent yet")
    line.cut()
    line.loses = ()
    line.mend(page)
    wait_for_tick(page, "sent")
    assert contents(bob) == ["only once"]
    assert page.locator(".message").count() == 1


def test_a_long_history_loads_upwards_and_keeps_its_place(ada: Person, bob: Person) -> None:
    for number in range(70):
        say(bob, ada, f"line {number}")
    page = ada.open(f"/#/chat/{bob.id}")
    page.wait_for_selector(".message >> text=line 69")
    page.wait_for_function(IS_AT_END)
    page.eval_on_selector(".log", "(log) => log.scrollTo(0, 0)")
    page.wait_for_selector("text=This is the beginning.")
    assert page.locator(".message").count() == 70
    assert page.eval_on_selector(".log", "(log) => log.scrollTop") > 500
    say(bob, ada, "and one more")
    page.click("text=1 new message")
    page.wait_for_function(IS_AT_END)
    page.wait_for_function("() => !document.title.startsWith('(')")


def test_a_document_is_shared_by_a_message_and_shown_until_it_is_deleted(ada: Person, bob: Person) -> None:
    document = ada.api.wait(ada.api.upload(text_pdf(2)))
    page = ada.open(f"/#/chat/{bob.id}?document={document['id']}")
    page.wait_for_selector(f"text={bob.name} will be able to read it.")
    page.click("[aria-label^='Do not attach']")
    page.click("[aria-label='Attach a document']")
    page.click("text=One of your documents")
    page.click(f".picks >> text={document['filename']}")
    page.click("[aria-label=Send]")
    at_bob = bob.open(f"/#/chat/{ada.id}")
    at_bob.wait_for_selector(".document-card >> text=2 pages")
    assert at_bob.get_attribute(".document-card", "href") == f"#/documents/{document['id']}"
    assert at_bob.locator(".said").count() == 0
    ada.api.delete(f"/documents/{document['id']}")
    ada.watch.allow("404")
    bob.watch.allow("404")
    at_bob.reload()
    at_bob.wait_for_selector("text=This document was deleted, or is not shared any more.")


def test_drafts_stay_and_what_is_too_long_is_not_sent(ada: Person, bob: Person) -> None:
    page = ada.open(f"/#/chat/{bob.id}")
    page.fill("textarea", "x" * 7600)
    assert page.inner_text(".composer .left") == "400 characters left"
    page.fill("textarea", "x" * 8001)
    assert page.inner_text(".composer .left") == "1 characters too many"
    assert page.is_disabled("[aria-label=Send]")
    page.fill("textarea", "half a thought")
    page.click("nav >> text=Search")
    page.go_back()
    page.wait_for_function("() => document.querySelector('textarea')?.value === 'half a thought'")


def test_a_file_dropped_on_a_conversation_is_uploaded_and_sent(ada: Person, bob: Person) -> None:
    page = ada.open(f"/#/chat/{bob.id}")
    at_bob = bob.open(f"/#/chat/{ada.id}")
    drop(page, ".talk", {"notes.txt": b"no PDF", "dropped <b>.pdf": text_pdf(3)})
    page.wait_for_selector("text=notes.txt is no PDF")
    page.fill("textarea", "With the figures")
    page.click("[aria-label=Send]")
    at_bob.wait_for_selector(".document-card >> text=dropped <b>.pdf")
    at_bob.wait_for_selector(".document-card .chip.good")
    assert at_bob.inner_text(".said") == "With the figures"
    wait_for_tick(page, "read")


def test_a_file_that_cannot_be_sent_says_why_and_is_deleted(ada: Person, bob: Person) -> None:
    page = ada.open(f"/#/chat/{bob.id}")
    page.click("[aria-label='Attach a document']")
    with page.expect_file_chooser() as chooser:
        page.click("text=A PDF from your disk")
    chooser.value.set_files({"name": "wreck.pdf", "mimeType": "application/pdf", "buffer": b"no PDF at all"})
    page.click("[aria-label=Send]")
    wait_for_tick(page, "not sent")
    page.wait_for_selector(".message >> text=This file is not a PDF")
    page.click(".message >> text=Retry")
    page.wait_for_selector(".message >> text=This file is not a PDF")
    page.click(".message >> text=Delete")
    page.wait_for_function("() => !document.querySelector('.message')")
    assert contents(bob) == []
