"""The screen of a document: picture and result, each lighting up the other, and every state they may be in."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Meet
from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import (
    FIRST_PAGE,
    LETTER,
    aligned_pdf,
    assemble,
    cells_pdf,
    encrypted_pdf,
    grid,
    one_bad_page_pdf,
    page_objects,
    picture_pdf,
    rich_pdf,
    show,
    slow_page_pdf,
    text_pdf,
    unreal_page_pdf,
)

CROPS = [["Crop", "Tonnes"], ["Barley", "2,966"], ["=1+1", "-4"]]
YIELDS = [["Year", "Yield"], ["2024", "3.1"], ["2025", "3.4"]]
DRAWN = "() => document.querySelector('.sheet img')?.naturalWidth > 0 && !document.querySelector('.sheet.drawing')"
PLACE = """(layer) => {
  const [sheet, box] = [".sheet", layer].map((name) => document.querySelector(name).getBoundingClientRect());
  return [box.left - sheet.left, box.top - sheet.top].map((pixels) => (pixels * 612) / sheet.width);
}"""
LIT = "() => document.querySelectorAll('.sheet rect.lit').length === 1"


@pytest.fixture
def reader(meet: Meet) -> Person:
    return meet("Ada Lovelace", permissions=["clipboard-read", "clipboard-write"])


def opened(person: Person, content: bytes, more: str = "", **fields: str) -> tuple[Page, dict[str, Any]]:
    """Upload, wait for the end, and open the screen."""
    document = person.api.wait(person.api.upload(content, **fields))
    return person.open(f"/#/documents/{document['id']}{more}"), document


def test_a_table_and_its_rectangle_light_up_together(reader: Person) -> None:
    page, _ = opened(reader, cells_pdf(CROPS, YIELDS), "?tab=tables")
    page.wait_for_selector(".sheet .tables rect")
    page.hover("[data-table='1'] .scrolls")
    page.wait_for_function(LIT)
    page.focus("[data-table='2'] .scrolls")
    page.wait_for_function("() => document.querySelector('.reader .number').value === '2'")
    page.wait_for_selector(".sheet .tables rect[data-table='2']")
    page.click("[role=tab] >> text=Text")
    page.focus(".sheet .tables rect")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-table='2'].lit")
    assert page.get_attribute("#tab-tables", "aria-selected") == "true"


def test_a_table_goes_into_a_spreadsheet(reader: Person) -> None:
    page, _ = opened(reader, cells_pdf(CROPS), "?tab=tables")
    page.click("[data-table='1'] >> text=Copy")
    page.wait_for_selector("text=Table 1: 3 rows copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == "Crop\tTonnes\nBarley\t2,966\n'=1+1\t-4"
    assert page.locator("[data-table='1'] th").all_inner_texts() == ["Crop", "Tonnes"]
    page.click("[aria-label='Download table 1']")
    with page.expect_download() as download:
        page.click("[role=menuitem]:visible >> text=CSV")
    assert download.value.suggested_filename == "x-table-1.csv"
    assert download.value.path().read_text(encoding="utf-8-sig") == 'Crop,Tonnes\nBarley,"2,966"\n\'=1+1,-4\n'


def test_words_and_lines_lead_to_each_other_and_can_be_selected(reader: Person) -> None:
    page, _ = opened(reader, text_pdf(2))
    page.wait_for_function(DRAWN)
    page.hover(".line >> text=Page 1")
    page.wait_for_function("() => document.querySelectorAll('.glow rect').length === 7")
    page.click(".words span >> text=sheaves")
    assert page.inner_text(".line.lit") == "Page 1 of a document about sheaves"
    page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.words'))")
    assert str(page.evaluate("() => getSelection().toString()")).strip() == "Page 1 of a document about sheaves"
    page.evaluate("() => getSelection().removeAllRanges()")
    page.focus(".lines")
    page.keyboard.press("ArrowDown")
    page.click("text=Copy >> nth=0")
    page.wait_for_selector("text=Text of page 1 copied.")


def test_layers_lie_on_the_picture_of_a_page_that_begins_elsewhere(reader: Person) -> None:
    """On this page everything stands 100 points further right and 50 further down than on one that begins at 0, 0."""
    places = []
    for box in (b"[0 0 612 792]", b"[-100 50 512 842]"):
        objects = page_objects([show("barley") + grid(2, 2)])
        objects[FIRST_PAGE] = objects[FIRST_PAGE].replace(LETTER, box)
        page, _ = opened(reader, assemble(objects), "?q=barley")
        page.wait_for_function("() => document.querySelectorAll('.hits rect').length === 1")
        page.wait_for_selector(".sheet .tables rect")
        places.append([page.evaluate(PLACE, layer) for layer in (".words span", ".tables rect", ".hits rect")])
    shifts = [pytest.approx((x + 100, y + 50), abs=0.5) for x, y in places[0]]
    assert places[1] == shifts


def test_what_is_looked_for_is_lit_on_both_sides(reader: Person) -> None:
    page, document = opened(reader, text_pdf(3, text="Sheet {number} of barley with more Barley and rye"))
    page.keyboard.press("Control+f")
    page.keyboard.type("barl")
    page.wait_for_selector("text=1 of 6")
    page.wait_for_function("() => document.querySelectorAll('.hits rect').length === 2")
    assert page.locator(".line mark").all_inner_texts() == ["barley", "Barley"]
    for _ in range(2):
        page.keyboard.press("Enter")
    page.wait_for_selector("text=3 of 6")
    page.wait_for_url(f"**/#/documents/{document['id']}?page=2&q=barl")
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector("text=2 of 6")
    page.goto(f"/#/documents/{document['id']}?page=3&q=rye")
    page.wait_for_selector("text=3 of 3")
    page.keyboard.press("Escape")
    page.fill("[aria-label='Find in document']", "nowhere")
    page.wait_for_selector("text=Nothing found")


def test_a_password_is_asked_for_in_place(reader: Person) -> None:
    page, _ = opened(reader, encrypted_pdf("open sesame"))
    page.fill("input[type=password]", "wrong")
    page.click("text=Unlock")
    page.wait_for_selector("text=This password does not open the PDF.")
    assert_sound(page)
    page.fill("input[type=password]", "open sesame")
    page.keyboard.press("Enter")
    page.wait_for_function(DRAWN)
    page.wait_for_selector(".chip >> text=Ready")
    assert page.locator(".line").first.inner_text()


def test_pages_come_while_they_are_read_and_reading_can_be_stopped(reader: Person) -> None:
    document = reader.api.upload(slow_page_pdf(3, slow=3))
    page = reader.open(f"/#/documents/{document['id']}")
    page.wait_for_selector(".line >> text=Page 1")
    page.wait_for_function(DRAWN)
    expect(page.get_by_text("2 of 3 pages")).to_be_visible(timeout=10_000)
    page.click("text=Stop")
    page.wait_for_selector("text=Reading was stopped")
    assert page.inner_text(".line") == "Page 1"


def test_news_that_overtake_the_document_are_not_lost(reader: Person) -> None:
    document = reader.api.upload(slow_page_pdf(2, slow=2))
    page = reader.open()
    expect(page.locator(".row")).to_contain_text("Reading")

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        reader.api.post(f"/jobs/{document['job']['id']}/cancel")
        assert reader.api.wait(document)["status"] == "canceled"
        time.sleep(0.5)  # Meanwhile the page hears of it.
        route.fulfill(response=answer)

    page.route(f"**/documents/{document['id']}", answer_late, times=1)
    page.locator(".row .name").click()
    expect(page.get_by_text("Reading was stopped")).to_be_visible()


def test_a_page_without_letters_says_so(reader: Person) -> None:
    page, _ = opened(reader, picture_pdf())
    page.wait_for_selector("text=No letters on this page")
    page.click("[role=tab] >> text=Tables")
    page.wait_for_selector("text=No tables found")


def test_a_damaged_file_says_what_to_do(reader: Person) -> None:
    page, _ = opened(reader, b"%PDF-1.7 and then nothing")
    page.wait_for_selector("text=Save it anew with another program")
    assert page.locator(".reader").is_hidden()


def test_pages_that_cannot_be_read_are_named(reader: Person) -> None:
    page, _ = opened(reader, one_bad_page_pdf(3, bad=2))
    page.wait_for_selector("text=1 page could not be read")
    page.wait_for_selector("text=Try these again")
    page.click("[role=tab] >> text=Info")
    page.click("text=/^Page 2$/")
    page.click("[role=tab] >> text=Text")
    page.wait_for_selector(".page-text >> text=Page unreadable")


def test_a_picture_that_fails_leaves_the_text(reader: Person) -> None:
    reader.watch.allow("status of 409")
    refusal = {"status": 409, "json": {"code": "page_not_drawn", "detail": "No."}}
    reader.context.route("**/image*", lambda route: route.fulfill(**refusal))
    page, _ = opened(reader, text_pdf())
    page.wait_for_selector("text=No picture can be made of this page.")
    page.wait_for_selector(".line >> text=Page 1")
    reader.context.unroute("**/image*")
    page.click("text=Draw it again")
    page.wait_for_function(DRAWN)


def test_a_small_picture_that_fails_is_no_error(reader: Person) -> None:
    page, _ = opened(reader, unreal_page_pdf())
    page.wait_for_function(DRAWN)
    second = page.get_by_role("button", name="Page 2")
    expect(second.and_(page.locator(".failed"))).to_be_visible(timeout=20_000)
    reader.watch.allow("status of 409")
    second.click()
    page.wait_for_selector("text=No picture can be made of this page.")


def test_a_document_that_was_deleted_meanwhile_is_gone(reader: Person) -> None:
    page, document = opened(reader, text_pdf(2))
    page.wait_for_selector(".line >> text=Page 1")
    reader.api.delete(f"/documents/{document['id']}")
    reader.watch.allow("status of 404")
    page.keyboard.press("PageDown")
    page.wait_for_selector("text=This document is gone")


def test_other_settings_find_other_tables(reader: Person) -> None:
    page, _ = opened(
        reader, aligned_pdf([["Year", "Yield", "Price"], *([str(2010 + n), f"{n}.1", f"{n}0"] for n in range(8))])
    )
    page.click("[role=tab] >> text=Tables")
    page.click("text=look for those as well")
    page.click("text=Read again")
    page.click("[role=tab] >> text=Tables")
    page.wait_for_selector("text=1 table on 1 page")
    page.wait_for_selector("text=/% sure/")
    page.click("[role=tab] >> text=Info")
    page.wait_for_selector("text=tables by rules of sight")
    page.click("[role=tab] >> text=Try other settings")
    reader.watch.allow("status of 422")
    page.fill("[name=pages]", "9-")
    page.click("text=Read again")
    page.wait_for_selector(".settings .error:not(:empty)")


def test_who_may_read_it_is_granted_seen_and_ended(reader: Person, meet: Meet) -> None:
    grace = meet("Grace Hopper")
    page, document = opened(reader, text_pdf())
    page.click("[aria-label=Share]")
    page.fill("dialog input[type=search]", grace.email)
    page.click("[aria-label='Send to Grace Hopper']")
    page.wait_for_selector("[aria-label='End access of Grace Hopper']")
    assert_sound(page)
    hers = grace.open(f"/#/documents/{document['id']}?tab=settings")
    hers.wait_for_selector("text=shared by Ada Lovelace")
    hers.wait_for_selector("text=Only its owner")
    page.click("[aria-label='End access of Grace Hopper']")
    page.wait_for_selector("text=Nobody but you.")
    grace.watch.allow("status of 404")
    hers.reload()
    hers.wait_for_selector("text=There is nothing here")


def test_a_thousand_pages_are_as_quick_as_one(reader: Person) -> None:
    page, _ = opened(reader, text_pdf(1000), "?page=1000")
    page.wait_for_selector(".line >> text=Page 1000")
    page.fill("[aria-label=Page]", "500")
    page.keyboard.press("Enter")
    page.wait_for_selector(".line >> text=Page 500 of")
    page.click("text=All pages")
    page.wait_for_selector(".line >> text=Page 500 of")
    assert page.evaluate("() => document.querySelectorAll('.document-screen *').length") < 1500
    assert page.locator(".page-text").count() < 40


def test_everything_goes_by_keys_and_fits_any_window(reader: Person) -> None:
    page, document = opened(reader, cells_pdf(CROPS, YIELDS))
    page.wait_for_function(DRAWN)
    page.keyboard.press("PageDown")
    page.wait_for_url(re.compile(r"page=2"))
    page.keyboard.press("+")
    page.wait_for_url(re.compile(r"zoom=\d+"))
    page.keyboard.press("r")
    page.wait_for_function("() => document.querySelector('.sheet').style.rotate === '90deg'")
    page.focus("[role=separator]")
    before = page.get_attribute("[role=separator]", "aria-valuenow")
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("[role=separator]", "aria-valuenow") != before
    page.focus("#tab-text")
    for tab in ("tables", "info", "settings", "api"):
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(f"#panel-{tab}:visible")
        assert_sound(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#tab-page")
    assert page.locator(".stage").is_visible()
    assert page.locator(".panels").is_hidden()
    assert_sound(page)
    assert reader.api.get(f"/documents/{document['id']}")["status"] == "succeeded"


def test_it_is_renamed_and_deleted_here(reader: Person) -> None:
    page, _ = opened(reader, text_pdf())
    page.click("[aria-label=More]")
    page.click("text=Rename")
    page.fill("dialog input", "<b>Harvest & more.pdf")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('h1').textContent === '<b>Harvest & more.pdf'")
    page.click("[aria-label=More]")
    page.click("[role=menuitem]:visible >> text=Delete")
    page.click("dialog >> text=Delete >> nth=-1")
    page.wait_for_selector("h1 >> text=Documents")


def test_what_it_says_of_itself_leads_to_its_pages(reader: Person) -> None:
    page, document = opened(reader, rich_pdf(), "?tab=info")
    for said in ("Über", "Ada", "something else", "i … A-1"):
        expect(page.locator(".info dd", has_text=said).first).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Copy SHA-256").click()
    expect(page.locator(".notice")).to_contain_text("SHA-256 copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == document["sha256"]
    page.get_by_role("button", name="Two", exact=True).click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("2")
    for part, said in (
        ("Form fields", "Ada Lovelace"),
        ("Attachments", "data.csv"),
        ("Links", "https://example.org/a?b=c"),
    ):
        page.locator("summary", has_text=part).click()
        expect(page.locator("details[open]", has_text=part)).to_contain_text(said)
    assert_sound(page)


def test_the_line_between_is_dragged_and_stays_where_it_was_left(reader: Person) -> None:
    page, _ = opened(reader, text_pdf())
    line = page.get_by_role("separator")
    line.hover()
    page.mouse.down()
    page.mouse.move(400, 400, steps=4)
    page.mouse.up()
    page.mouse.move(800, 400)
    left = line.get_attribute("aria-valuenow")
    assert left
    assert 25 < int(left) < 40
    page.reload()
    expect(line).to_have_attribute("aria-valuenow", left)
    line.dblclick()
    expect(line).to_have_attribute("aria-valuenow", "52")
    line.press("End")
    expect(line).to_have_attribute("aria-valuenow", "75")


def test_everything_can_be_downloaded(reader: Person) -> None:
    page, _ = opened(reader, cells_pdf(CROPS))
    for entry, ending in {"Original": ".pdf", "Markdown": ".md", "as JSON": ".json", "as ZIP": ".zip"}.items():
        page.get_by_role("button", name="Download", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=entry).click()
        assert download.value.suggested_filename.endswith(ending)
        assert download.value.path().stat().st_size > 0


def test_access_that_was_given_can_be_given_up(reader: Person, meet: Meet) -> None:
    grace = meet("Grace Hopper")
    document = reader.api.wait(reader.api.upload(text_pdf()))
    reader.api.post("/messages", recipient_id=grace.id, content="Read this.", document_id=document["id"])
    page = grace.open(f"/#/documents/{document['id']}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Give up access").click()
    page.get_by_role("dialog").get_by_role("button", name="Give up access").click()
    expect(page.locator(".notice")).to_contain_text("You have no access to the document any more.")
    assert grace.api.fetch(f"/documents/{document['id']}").status_code == 404


def test_what_was_deleted_elsewhere_is_neither_renamed_nor_deleted_again(reader: Person) -> None:
    page, document = opened(reader, text_pdf())
    reader.watch.allow("status of 404")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Rename").click()
    reader.api.delete(f"/documents/{document['id']}")
    page.get_by_role("dialog").get_by_role("textbox").press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("This document was deleted")
