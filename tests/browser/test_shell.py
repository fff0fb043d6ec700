"""The frame of the page: what a first visit loads, and what every screen has."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.looks import OVERFLOW, assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import text_pdf


def test_a_first_visit_asks_who_is_there_without_an_error(visit: Visit) -> None:
    page = visit().open()
    assert page.inner_text("h1") == "Sign in to Sheaf"


def test_a_signed_in_person_sees_the_documents(ada: Person) -> None:
    page = ada.open()
    assert page.inner_text("h1") == "Documents"


def test_a_server_that_is_away_is_said_and_asked_again(ada: Person) -> None:
    ada.watch.allow("ERR_FAILED")
    ada.context.route("**/users/me", lambda route: route.abort())
    page = ada.open()
    expect(page.locator("main")).to_contain_text("The server cannot be reached")
    ada.context.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("h1")).to_have_text("Documents")


def test_an_address_that_is_nobodys_leads_back(ada: Person) -> None:
    page = ada.open("/#/nowhere/at/all")
    expect(page.locator("h1")).to_have_text("There is no such page")
    assert_sound(page)
    page.get_by_role("link", name="To the documents").click()
    expect(page.locator("h1")).to_have_text("Documents")


def test_eight_tabs_hear_the_same_and_outlive_the_same_session(ada: Person) -> None:
    tabs = [ada.open() for _ in range(8)]
    document = ada.api.wait(ada.api.upload(text_pdf()))
    for tab in tabs:
        expect(tab.locator(".row .state")).to_have_text("Ready", timeout=20_000)
    ada.watch.allow("status of 401")
    ada.context.clear_cookies(name=re.compile("session"))
    for tab in tabs:
        tab.evaluate("(hash) => { location.hash = hash; }", f"#/documents/{document['id']}")
    for tab in tabs:
        expect(tab.locator("h1")).to_have_text("x.pdf")
        assert tab.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("screen", ["/", "/#/documents/{id}", "/#/search?q=sheaves", "/#/chat", "/#/account"])
def test_everything_fits_when_it_is_twice_as_large(ada: Person, screen: str) -> None:
    document = ada.api.wait(ada.api.upload(text_pdf()))
    page = ada.open(screen.format(**document))
    page.set_viewport_size({"width": 640, "height": 400})  # What a zoom of 200 % leaves of 1280 by 800.
    assert page.evaluate(OVERFLOW) <= 0
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("() => document.documentElement.style.setProperty('font-size', '200%')")
    assert page.evaluate(OVERFLOW) <= 0
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Search")).to_be_in_viewport()


def test_the_frame_is_accessible(ada: Person) -> None:
    assert_sound(ada.open())


def test_a_view_that_comes_late_is_not_shown_over_the_next_one(ada: Person) -> None:
    page = ada.open()
    held: list[Route] = []
    page.route("**/views/account.js", lambda route: held.append(route))  # noqa: PLW0108 — Playwright marks its handlers.
    page.evaluate("location.hash = '#/account'")
    page.wait_for_timeout(200)
    page.evaluate("location.hash = '#/?show=ready'")
    with page.expect_response("**/views/account.js"):
        held.pop().continue_()
    page.wait_for_timeout(1_000)
    expect(page.locator("h1")).to_have_text("Documents")
    page.evaluate("location.hash = '#/account'")
    expect(page.locator("h1")).to_have_text("Account")
