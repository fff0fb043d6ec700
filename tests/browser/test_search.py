"""The search screen: what is found while somebody types, where it leads, and what is said when nothing is."""

from tests.browser.looks import assert_sound
from tests.browser.visitors import Person
from tests.pdf_files import text_pdf

HITS = "() => document.querySelectorAll('a.hit').length"


def test_what_is_typed_is_found_and_enter_opens_its_page(ada: Person) -> None:
    document = ada.api.wait(ada.api.upload(text_pdf(3, text="Sheet {number} <b>of</b> barley & rye")))
    page = ada.open("/#/search")
    page.keyboard.type("barl")
    page.wait_for_function(f"() => ({HITS})() === 3")
    assert page.inner_text("#found") == "3 pages in 1 document"
    assert page.locator("mark").all_inner_texts() == ["barley"] * 3
    assert "<b>of</b> barley & rye" in page.locator(".snippet").first.inner_text()
    assert_sound(page)
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('a.hit')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/#/documents/{document['id']}?page=2&q=barl*")
    page.go_back()
    page.wait_for_function(f"() => ({HITS})() === 3")
    assert page.input_value("input[type=search]") == "barl"


def test_filters_narrow_a_search_and_can_be_taken_away(ada: Person) -> None:
    ada.api.wait(ada.api.upload(text_pdf(1, text="Oats here")))
    ada.api.wait(ada.api.upload(text_pdf(6, text="Oats there {number}")))
    page = ada.open("/#/search?q=oats")
    page.wait_for_function(f"() => ({HITS})() === 7")
    assert page.locator("a.hit:visible").count() == 5
    page.click("text=2 more pages in this document")
    assert page.locator("a.hit:visible").count() == 7
    page.click(".group:has(a.hit:nth-child(1)):last-child >> text=Only here")
    page.wait_for_function(f"() => ({HITS})() < 7")
    page.check("text=Only pages with tables")
    page.wait_for_selector("text=No page has “oats”")
    page.click("text=take the filters away")
    page.wait_for_function(f"() => ({HITS})() === 7")


def test_an_empty_box_shows_what_was_searched_for_lately(ada: Person) -> None:
    page = ada.open("/")
    page.keyboard.press("/")
    page.wait_for_selector("text=How to ask")
    page.keyboard.type("-")
    page.wait_for_function("() => found.textContent.startsWith('Go on typing')")
    page.keyboard.type("draft")
    page.wait_for_function("() => found.textContent.startsWith('Say also what to look for')")
    ada.watch.allow("status of 422")
    page.fill("input[type=search]", "nothing like it")
    page.wait_for_selector("text=No page has")
    page.keyboard.press("Enter")
    page.fill("input[type=search]", "")
    page.click(".recent >> text=nothing like it")
    page.wait_for_selector("text=No page has “nothing like it”")
    page.keyboard.press("Control+k")
    assert page.evaluate("() => getSelection().toString()") == "nothing like it"


def test_a_search_that_fails_can_be_tried_again(ada: Person) -> None:
    page = ada.open("/#/search")
    ada.context.set_offline(offline=True)
    ada.watch.allow("ERR_INTERNET_DISCONNECTED")
    page.fill("input[type=search]", "rye")
    page.wait_for_selector("text=The server cannot be reached.")
    ada.context.set_offline(offline=False)
    page.click("text=Try again")
    page.wait_for_selector("text=No page has “rye”")


def test_more_is_shown_when_asked_for_and_what_was_searched_for_is_forgotten(ada: Person) -> None:
    ada.api.wait(ada.api.upload(text_pdf(40, text="Oats {number}")))
    page = ada.open("/#/search?q=oats&since=week")
    page.wait_for_function(f"() => ({HITS})() === 30")
    page.click("text=Show more")
    page.wait_for_function(f"() => ({HITS})() === 40")
    page.keyboard.press("Control+k")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('a.hit')")
    page.fill("input[type=search]", "")
    page.wait_for_selector(".recent >> text=oats")
    page.click("text=Forget")
    assert page.locator(".recent").count() == 0


def test_only_one_document_is_searched_until_the_others_are_wanted(ada: Person) -> None:
    barley, rye = ada.api.wait_all([ada.api.upload(text_pdf(text=f"{crop} here")) for crop in ("Barley", "Rye")])
    page = ada.open(f"/#/search?q=here&document={rye['id']}")
    page.wait_for_function(f"() => ({HITS})() === 1")
    page.click("[aria-label='Search in all documents']")
    page.wait_for_function(f"() => ({HITS})() === 2")
    assert page.locator(f"a.hit[href*='{barley['id']}']").count() == 1
