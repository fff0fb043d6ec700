"""Coming in: accounts made on the page, refusals, links out of mails, and a session that ends in the middle of work."""

import re
from email import message_from_bytes, policy
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.platforms import StartedPlatform, eventually
from tests.work import PASSWORD

LINK = re.compile(r"/#[\w-]+=[\w-]+")
ANSWERED = "() => !document.querySelector('.asking button:disabled') || /Try again/.test(document.body.innerText)"
REFUSED = "Failed to load resource"


def link_mailed_to(running: StartedPlatform, address: str, *, about: str) -> str:
    """Wait for the mail with a link about this, and return the link."""
    found: list[str] = []

    def look() -> bool:
        for file in sorted((running.data / "outbox").glob("*.eml")):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            links = LINK.findall(body.get_content()) if body else []
            found.extend(link for link in links if address in str(mail["To"]) and about in link)
        return bool(found)

    eventually(look, within_s=20)
    return found[-1]


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


def test_somebody_new_makes_an_account_and_confirms_the_address(visit: Visit, running: StartedPlatform) -> None:
    visitor, email = visit(), f"{uuid4().hex[:8]}@example.org"
    page = visitor.open()
    assert_sound(page)
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Name").fill("Grace Hopper")
    sign_in(page, email, "nanoseconds of wire")
    expect(page.locator("h1")).to_have_text("Documents")
    mailed = link_mailed_to(running, email, about="verify-email")
    page = visitor.open(mailed)
    expect(page.locator("h1")).to_contain_text("Your address is confirmed")
    assert "verify" not in page.url
    page.goto("/#/account")
    expect(page.locator(".fact")).to_contain_text("confirmed")


def test_a_forgotten_password_is_replaced_by_a_mail(ada: Person, visit: Visit, running: StartedPlatform) -> None:
    visitor = visit()
    page = visitor.open()
    page.get_by_role("button", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(ada.email)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Look into your mail")
    page = visitor.open(link_mailed_to(running, ada.email, about="reset-password"))
    page.get_by_label("New password").fill("an even longer horse")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Your password is set")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Forgot your password?").wait_for()
    sign_in(page, ada.email, "an even longer horse")
    expect(page.locator("h1")).to_have_text("Documents")


def test_wrong_passwords_are_refused_and_too_many_count_down(ada: Person, visit: Visit) -> None:
    visitor = visit()
    visitor.watch.allow(REFUSED)
    page = visitor.open()
    sign_in(page, ada.email, "a guess")
    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is not right")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    for _ in range(5):
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_function(ANSWERED)
    expect(page.get_by_role("button", name="Try again in")).to_be_disabled()
    expect(page.get_by_role("alert")).to_have_text("There were too many tries.")


def test_a_link_used_up_says_what_to_do(visit: Visit) -> None:
    visitor = visit()
    visitor.watch.allow(REFUSED)
    page = visitor.open("/#verify-email=used-up")
    expect(page.locator("main")).to_contain_text("This link was used already or is too old")


def test_a_session_that_ends_asks_in_place_and_goes_on(ada: Person) -> None:
    page = ada.open("/#/account")
    ada.watch.allow(REFUSED)
    ada.context.clear_cookies()
    page.get_by_label("Name").fill("Ada King")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("header.top")).to_contain_text("Ada King")


def test_signing_out_forgets_everything(ada: Person) -> None:
    page = ada.open()
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in to Sheaf")
    page.reload()
    expect(page.locator("h1")).to_have_text("Sign in to Sheaf")


def test_an_address_that_has_an_account_cannot_get_another(ada: Person, visit: Visit) -> None:
    visitor = visit()
    visitor.watch.allow(REFUSED)
    page = visitor.open()
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill(ada.email)
    secret = page.get_by_label("Password", exact=True)
    secret.fill("correct horse")
    page.get_by_role("button", name="Show the password").click()
    expect(secret).to_have_attribute("type", "text")
    secret.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is an account with this address already.")
    page.get_by_role("button", name="Back to signing in").click()
    expect(page.locator("h1")).to_have_text("Sign in to Sheaf")


def test_who_does_not_sign_in_again_is_signed_out(ada: Person) -> None:
    page = ada.open("/#/account")
    ada.watch.allow(REFUSED)
    ada.context.clear_cookies()
    page.get_by_label("Name").fill("Ada King")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("Sign in to Sheaf")
