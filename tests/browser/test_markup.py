"""Names and texts are never markup, whatever somebody writes into them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Meet
from tests.browser.visitors import Person
from tests.pdf_files import cells_pdf, text_pdf

EVIL = "<img src=x onerror=alert(1)><script>alert(2){{7*7}}\"'`.pdf"
# Each fits into a cell of a table.
HOSTILE = (
    "<img src=x onerror=hit()>",
    "<script>hit()</script>",
    "<svg/onload=hit()>",
    "<a href=javascript:hit()>",
    "javascript:hit()",
    "<iframe srcdoc=x>",
    "<b onclick=hit()>b</b>",
    "</td></table><i>",
    "&lt;script&gt;&amp;",
    "{{7*7}}${7*7}<%= 7 %>",
)
COUNT_HITS = "window.hits = 0; window.hit = window.alert = () => { window.hits += 1; };"
MADE_OF_IT = "main :is(img[src=x], script, iframe, svg[onload], b[onclick], [href^='javascript:'], td i, i)"


@pytest.fixture
def mallory(meet: Meet) -> Person:
    mallory = meet("<b onclick=alert(1)>Mallory</b>")
    mallory.context.add_init_script(COUNT_HITS)
    return mallory


def assert_harmless(page: Page) -> None:
    assert page.evaluate("() => window.hits") == 0
    assert page.locator(MADE_OF_IT).count() == 0


def test_a_hostile_name_stays_text(mallory: Person) -> None:
    mallory.api.wait(mallory.api.upload(text_pdf(text="<script>alert(3)</script> {number}"), name=EVIL))
    page = mallory.open()
    expect(page.locator(".row .name")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("header.top")).to_contain_text("<b onclick=alert(1)>Mallory</b>")
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator(".notice")).to_contain_text("<script>")
    assert_harmless(page)


def test_a_hostile_text_stays_text_wherever_it_is_shown(mallory: Person) -> None:
    pdf = cells_pdf([[text] for text in HOSTILE], Title=HOSTILE[0], Author=HOSTILE[1], Other=HOSTILE[2])
    document = mallory.api.wait(mallory.api.upload(pdf))
    page = mallory.open(f"/#/documents/{document['id']}")
    expect(page.locator(".line")).to_have_text(HOSTILE)
    expect(page.locator(".words span", has_text="onerror=hit()")).to_be_attached()
    assert_harmless(page)
    page.get_by_role("tab", name="Tables").click()
    expect(page.locator("[data-table='1'] :is(th, td)")).to_have_text(HOSTILE)
    assert_harmless(page)
    page.get_by_role("tab", name="Info").click()
    for text in HOSTILE[:3]:
        expect(page.locator(".info dd", has_text=text)).to_be_visible()
    assert_harmless(page)
    page.goto("/#/search?q=script")
    expect(page.locator(".snippet").first).to_contain_text("<script>hit()</script>")
    assert_harmless(page)
