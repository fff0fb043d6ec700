"""Uploads: given in every way, checked before they are sent, sent through trouble, and followed to their end."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.files import choose, drop, written
from tests.browser.visitors import Person
from tests.pdf_files import encrypted_pdf, table_pdf, text_pdf
from tests.platforms import ROOT

CORPUS = ROOT.parent / "shared" / "corpus"
REFUSED_REQUEST = "Failed to load resource"
PASTE = """(files) => {
  const clipboardData = new DataTransfer();
  for (const [name, bytes] of Object.entries(files)) {
    clipboardData.items.add(new File([Uint8Array.from(bytes)], name, { type: "application/pdf" }));
  }
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
BARS = """() => {
  window.stepsBack = 0;
  const heights = new Map();
  const look = () => {
    for (const item of document.querySelectorAll(".uploads-list li")) {
      const now = item.querySelector("progress").value;
      if (now < (heights.get(item.dataset.key) ?? 0)) window.stepsBack += 1;
      heights.set(item.dataset.key, now);
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def told(page: Page, name: str) -> str:
    """Return what the panel says of a file."""
    return page.locator(".uploads-list li", has_text=name).locator(".uploads-state").inner_text()


def test_files_and_folders_are_dropped_anywhere(ada: Person, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "deep"
    folder.mkdir(parents=True)
    written(folder, inner=text_pdf(text="From a folder, page {number}"))
    (folder / "notes.txt").write_text("left out")
    page = ada.open("/#/account")
    drop(page, [*written(tmp_path, loose=table_pdf()), tmp_path / "reports"])
    expect(page.locator(".uploads h2")).to_have_text("2 files ready", timeout=20_000)
    expect(page.locator(".notice")).to_contain_text("1 file in the folder is not PDF")
    page.goto("/#/")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row", has_text="loose.pdf")).to_contain_text("1 page · 1 table")


def test_what_cannot_be_read_is_refused_before_it_is_sent(ada: Person, tmp_path: Path) -> None:
    page = ada.open()
    files = written(tmp_path, empty=b"", letter=b"Dear Ada", huge=text_pdf() + b"\n" * 9_000_000)
    page.route("**/documents", lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    choose(page, files)
    expect(page.locator(".uploads h2")).to_have_text("0 files ready · 3 failed")
    assert told(page, "empty").startswith("There is nothing in this file")
    assert told(page, "letter").startswith("This file is not a PDF")
    assert "8.4 MB are allowed here" in told(page, "huge")
    assert ada.api.get("/documents")["total"] == 0


def test_the_same_file_is_not_sent_twice(ada: Person, tmp_path: Path) -> None:
    known = ada.api.wait(ada.api.upload(text_pdf(text="Twice, {number}")))
    page = ada.open()
    choose(page, written(tmp_path, again=text_pdf(text="Twice, {number}")))
    item = page.locator(".uploads-list li")
    expect(item).to_contain_text("You have this file already")
    expect(item.get_by_role("link", name="Open it")).to_have_attribute("href", f"#/documents/{known['id']}")


def test_a_wrong_password_is_said_and_the_right_one_opens(ada: Person, tmp_path: Path) -> None:
    page = ada.open()
    choose(page, written(tmp_path, sealed=encrypted_pdf("open sesame")))
    summary = page.locator(".uploads h2")
    expect(summary).to_have_text("0 files ready · 1 needs a password", timeout=20_000)
    expect(page.locator(".uploads").get_by_role("link", name="Unlock")).to_be_visible()
    row = page.locator(".row", has_text="sealed.pdf")
    expect(row).to_contain_text("Needs password", timeout=20_000)
    field = row.get_by_label("Password of the PDF")
    for password, outcome in (("guess", "This password does not open the PDF"), ("open sesame", "1 page")):
        field.fill(password)
        field.press("Enter")
        expect(row).to_contain_text(outcome, timeout=20_000)
    expect(row.locator(".state")).to_contain_text("Ready")
    expect(summary).to_have_text("1 file ready")


def test_pasted_files_are_uploaded(ada: Person) -> None:
    page = ada.open()
    page.locator(".uploads").wait_for(state="attached")
    page.evaluate(PASTE, {"pasted.pdf": list(text_pdf())})
    expect(page.locator(".uploads h2")).to_have_text("1 file ready", timeout=20_000)
    assert ada.api.get("/documents")["data"][0]["filename"] == "pasted.pdf"


def test_an_upload_outlives_a_broken_connection(ada: Person, tmp_path: Path) -> None:
    page = ada.open()
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION", "WebSocket")
    page.get_by_role("button", name="Upload PDFs").wait_for()
    expect(page.locator(".welcome")).to_be_visible()
    ada.context.set_offline(offline=True)
    choose(page, written(tmp_path, brave=text_pdf()))
    expect(page.locator(".uploads-state")).to_contain_text("The connection broke; trying again")
    ada.context.set_offline(offline=False)
    expect(page.locator(".uploads h2")).to_have_text("1 file ready", timeout=20_000)


def test_an_upload_can_be_cancelled(ada: Person, tmp_path: Path) -> None:
    page = ada.open()
    ada.watch.allow(REFUSED_REQUEST)
    held = []
    page.route("**/documents", lambda route: held.append(route) if route.request.method == "POST" else route.fallback())
    choose(page, written(tmp_path, slow=text_pdf()))
    page.get_by_role("button", name="Cancel: slow.pdf").click()
    expect(page.locator(".uploads-state")).to_have_text("Cancelled")
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again: slow.pdf").click()
    expect(page.locator(".uploads h2")).to_have_text("1 file ready", timeout=20_000)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus beside the checkout")
def test_thirty_pdfs_end_as_the_api_says_while_screens_change(ada: Person) -> None:
    page = ada.open()
    page.evaluate(BARS)
    files = sorted([*CORPUS.glob("tables/*.pdf"), *CORPUS.glob("encrypted/*.pdf"), *CORPUS.glob("scanned/*.pdf")])[:30]
    drop(page, files)
    for address in ("#/account", "#/?show=ready", "#/"):
        page.evaluate("(address) => { location.hash = address; }", address)
        page.wait_for_timeout(400)
    expect(page.locator(".uploads > progress")).to_be_hidden(timeout=90_000)
    listed = ada.api.get("/documents", limit=100)["data"]
    states = {card["filename"]: card["status"] for card in listed}
    assert sorted(states) == sorted(file.name for file in files)
    for name, state in states.items():
        row = page.locator(".row", has=page.get_by_title(name, exact=True))
        expect(row).to_have_attribute("data-status", state)
    assert page.evaluate("() => window.stepsBack") == 0
