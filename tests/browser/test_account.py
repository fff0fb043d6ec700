"""One's own account: name, password, colours, sessions and keys."""

import httpx
from playwright.sync_api import expect

from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.platforms import StartedPlatform
from tests.work import PASSWORD


def test_a_key_is_shown_once_works_and_stops_working(ada: Person, running: StartedPlatform) -> None:
    page = ada.open("/#/account")
    assert_sound(page)
    page.get_by_role("button", name="New key").click()
    page.get_by_label("What is it for?").fill("nightly <b>import</b>")
    assert_sound(page)
    page.get_by_role("button", name="Make the key").click()
    headers = {"Authorization": f"Bearer {page.locator('.key').inner_text()}"}
    assert httpx.get(f"{running.address}/documents", headers=headers).status_code == 200
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Delete the key nightly <b>import</b>").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("A program signs in with a key")).to_be_visible()
    assert httpx.get(f"{running.address}/documents", headers=headers).status_code == 401


def test_another_session_is_ended_and_the_password_changed(ada: Person) -> None:
    page = ada.open("/#/account")
    others = page.get_by_role("button", name="Sign out A program")
    expect(others).to_have_count(1)
    others.click()
    expect(others).to_have_count(0)
    page.get_by_label("Password now").fill(PASSWORD)
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator(".notice")).to_contain_text("Your password was changed")


def test_colours_are_chosen_and_kept(ada: Person) -> None:
    page = ada.open("/#/account")
    page.get_by_label("Dark").check()
    page.reload()
    expect(page.get_by_label("Dark")).to_be_checked()
    assert page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_somebody_signs_out_everywhere(ada: Person) -> None:
    elsewhere = ada.open("/#/search")
    ada.watch.allow("status of 401")
    page = ada.open("/#/account")
    page.get_by_label("Mail me when").check()
    page.get_by_role("button", name="Send the link again").click()
    expect(page.locator(".notice")).not_to_be_empty()
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in to Sheaf")
    elsewhere.get_by_label("Search in documents").fill("rye")
    expect(elsewhere.get_by_role("dialog")).to_contain_text("Your session has ended")
    assert ada.api.fetch("/users/me").status_code == 401
