"""The API's own pages: they work without the internet, and what is tried there is done."""

from tests.browser.visitors import Person

RENDERED_MS = 40_000  # Swagger UI is a megabyte and a half of script.


def test_every_part_is_shown_and_an_operation_can_be_tried(ada: Person) -> None:
    page = ada.context.new_page()
    page.goto("/docs")
    page.wait_for_selector(".opblock-tag", timeout=RENDERED_MS)
    operations = [operation for item in ada.api.get("/openapi.json")["paths"].values() for operation in item.values()]
    tags = {tag for operation in operations for tag in operation["tags"]}
    assert set(page.locator(".opblock-tag").evaluate_all("(all) => all.map((one) => one.dataset.tag)")) == tags
    page.click("[data-tag=accounts]")
    page.click("#operations-accounts-getMe")
    page.click("text=Execute")
    page.wait_for_selector(".live-responses-table .response-col_status >> text=200")
    assert ada.email in page.inner_text(".live-responses-table .microlight")


def test_the_live_connection_is_described_without_a_script(ada: Person) -> None:
    page = ada.context.new_page()
    page.goto("/docs")
    page.click("text=Live connection", timeout=RENDERED_MS)
    page.wait_for_selector("text=What you hear")
    assert page.locator("script").count() == 0
