"""Administration: people, queues, jobs and mails, for administrators only."""

from playwright.sync_api import Page

from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import encrypted_pdf


def act(page: Page, person: Person, entry: str) -> None:
    page.click(f"[aria-label='Actions for {person.name}']")
    page.click(f"[role=menuitem] >> text={entry}")


def test_accounts_are_found_changed_and_made(admin: Person, ada: Person) -> None:
    page = admin.open("/#/admin")
    page.fill("[type=search]", ada.email)
    page.wait_for_selector("p >> text=/^1 account$/")
    act(page, ada, "Make an administrator")
    page.wait_for_selector(".list .chip.good")
    act(page, ada, "Storage")
    page.fill("dialog input", "1.5")
    page.keyboard.press("Enter")
    page.wait_for_selector("td >> text=of 1.5 GB")
    act(page, ada, "Switch off")
    page.click("dialog >> text=Switch off >> nth=-1")
    page.wait_for_selector(".list .chip.bad")
    assert ada.api.fetch("/users/me").status_code == 401
    page.click("text=New account")
    page.fill("dialog [name=name]", "Grace <i>Hopper</i>")
    page.fill("dialog [name=email]", f"g{ada.email}")
    page.fill("dialog [name=password]", "a good password 7")
    page.keyboard.press("Enter")
    page.fill("[type=search]", f"g{ada.email}")
    page.wait_for_selector("td >> text=Grace <i>Hopper</i>")
    assert_sound(page)


def test_failed_jobs_are_explained_and_tried_again(admin: Person, ada: Person) -> None:
    failed = ada.api.wait(ada.api.upload(encrypted_pdf("secret")))
    page = admin.open("/#/admin/queues")
    page.wait_for_selector("th >> text=Interactive")
    assert_sound(page)
    page.click("text=failed in 24 h")
    page.wait_for_selector(f"text={failed['job']['id']}")
    assert_sound(page)
    page.click(f"[aria-label='Try job {failed['job']['id']} again']")
    page.wait_for_selector("text=It is tried again now.")
    page.select_option("[aria-label=State]", "")
    page.wait_for_selector(f"text=again for {failed['job']['id']}")
    page.click("text=Try all failed again")
    page.click("dialog button.danger")
    page.wait_for_selector("text=/\\d+ jobs? (is|are) tried again/")


def test_mails_are_listed_with_what_became_of_them(admin: Person) -> None:
    admin.api.post("/send-email", to=admin.email, subject="Hello", body="You have mail.")
    page = admin.open("/#/admin/mails")
    page.wait_for_selector(f"td >> text={admin.email}")
    page.select_option("[aria-label=State]", "canceled")
    page.wait_for_selector("text=There is no such mail.")


def test_others_are_told_that_this_is_not_for_them(ada: Person) -> None:
    page = ada.open("/#/admin")
    page.wait_for_selector("[role=alert] >> text=Only administrators can see this.")
    page.click(f"[aria-label='Account of {ada.name}']")
    assert page.locator("text=Administration").count() == 0
