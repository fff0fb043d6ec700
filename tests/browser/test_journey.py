"""The way of somebody new from a first visit to a table in a spreadsheet, with a picture of each step."""

from pathlib import Path
from uuid import uuid4

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.browser.conftest import Take, Visit

PICTURE_SHOWN = "() => [...document.images].some((picture) => picture.complete && picture.naturalWidth > 500)"


def test_a_newcomer_gets_a_table_into_a_spreadsheet(visit: Visit, take: Take) -> None:
    page = visit(viewport={"width": 1280, "height": 720}, accept_downloads=True).open()
    page.emulate_media(reduced_motion="reduce")
    take(page, "1-first-visit")
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill(f"ada-{uuid4().hex[:6]}@example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    take(page, "2-account")
    page.keyboard.press("Enter")
    expect(page.locator(".welcome")).to_be_visible()
    take(page, "3-nothing-yet")
    page.get_by_role("button", name="Try an example").click()
    row = page.locator(".row", has_text="Harvest report.pdf")
    expect(row.locator(".state")).to_have_text("Ready", timeout=20_000)
    expect(row.locator("img")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Dismiss what has ended").click()
    take(page, "4-ready")
    row.get_by_role("link", name="Harvest report.pdf").click()
    page.get_by_role("tab", name="Tables").click()
    expect(page.get_by_role("cell", name="Barley")).to_be_visible(timeout=20_000)
    page.wait_for_function(PICTURE_SHOWN)
    take(page, "5-its-table")
    with page.expect_download() as download:
        page.get_by_role("link", name="All tables").click()
    assert "Barley" in _cells(download.value.path())


def _cells(workbook: Path) -> list[object]:
    with workbook.open("rb") as stream:
        sheet = load_workbook(stream).worksheets[0]
        return [cell.value for row in sheet.iter_rows() for cell in row]
