"""The text of a document in each of its forms, over HTTP."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from shared.database import Database
from tests.pdf_files import document, lines_pdf, one_bad_page_pdf, show, table_pdf, text_pdf
from tests.work import Bench, sign_in, uploaded

FORMS = ("plain", "layout", "reading", "markdown")


def url_of(client: TestClient, bench: Bench, pdf: bytes) -> str:
    answer = uploaded(sign_in(client), pdf)
    bench.run_all()
    return f"/documents/{answer['id']}/text"


def test_plain_is_the_form_if_none_is_asked_for(client: TestClient, bench: Bench) -> None:
    url = url_of(client, bench, text_pdf(2))
    assert client.get(url).text == client.get(url, params={"format": "plain"}).text
    assert client.get(url).text.count("\f") == 1


def test_layout_keeps_words_in_their_places(client: TestClient, bench: Bench) -> None:
    lines = client.get(url_of(client, bench, text_pdf()), params={"format": "layout"}).text.split("\n")
    assert {len(line) for line in lines} == {round(612 / 7.25)}
    assert len(lines) == round(792 / 13) - 1


def test_reading_has_a_form_feed_between_pages(client: TestClient, bench: Bench) -> None:
    answer = client.get(url_of(client, bench, text_pdf(2)), params={"format": "reading"})
    assert answer.text == "Page 1 of a document about sheaves\fPage 2 of a document about sheaves"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_markdown_has_its_own_type_marks_pages_and_writes_tables(client: TestClient, bench: Bench) -> None:
    answer = client.get(url_of(client, bench, table_pdf(2, 2)), params={"format": "markdown"})
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("<!-- page 1 -->\n\n")
    assert "| r0c0 | r0c1 |\n| --- | --- |\n| r1c0 | r1c1 |" in answer.text


@pytest.mark.parametrize("form", FORMS)
def test_pages_may_be_selected(client: TestClient, bench: Bench, form: str) -> None:
    url = url_of(client, bench, text_pdf(5))
    some = client.get(url, params={"format": form, "pages": "2,4-5"}).text
    assert [number for number in range(1, 6) if f"Page {number}" in some] == [2, 4, 5]


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_that_is_known_is_not_sent_again(client: TestClient, bench: Bench, form: str) -> None:
    url = url_of(client, bench, text_pdf())
    first = client.get(url, params={"format": form})
    again = client.get(url, params={"format": form}, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_form_and_selection_has_a_tag_of_its_own(client: TestClient, bench: Bench) -> None:
    url = url_of(client, bench, text_pdf(2))
    asked = [{"format": form} for form in FORMS] + [{"pages": "1"}, {"pages": "2"}]
    assert len({client.get(url, params=params).headers["ETag"] for params in asked}) == len(asked)


@pytest.mark.parametrize("params", [{"format": "html"}, {"pages": "0"}, {"pages": "one"}, {"pages": "3-1"}])
def test_what_is_no_form_or_selection_is_refused(client: TestClient, bench: Bench, params: dict[str, str]) -> None:
    answer = client.get(url_of(client, bench, text_pdf()), params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("form", FORMS)
def test_somebody_elses_text_is_unknown(client: TestClient, bench: Bench, form: str) -> None:
    url = url_of(client, bench, text_pdf())
    sign_in(client, "other@example.com")
    assert client.get(url, params={"format": form}).status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_before_the_end_the_text_is_not_complete(client: TestClient, form: str) -> None:
    answer = client.get(f"/documents/{uploaded(sign_in(client), text_pdf())['id']}/text", params={"format": form})
    assert (answer.text, answer.headers["X-Sheaf-Complete"]) == ("", "false")


@pytest.mark.parametrize("form", FORMS)
def test_a_page_that_could_not_be_read_is_empty(client: TestClient, bench: Bench, form: str) -> None:
    answer = client.get(url_of(client, bench, one_bad_page_pdf(3, bad=2)), params={"format": form})
    assert answer.status_code == 200
    separator = "<!--" if form == "markdown" else "\f"
    assert len(answer.text.removeprefix("<!--").split(separator)) == 3


@pytest.mark.parametrize("form", FORMS)
def test_pages_from_before_there_were_spans_have_all_forms(
    client: TestClient, bench: Bench, database: Database, form: str
) -> None:
    url = url_of(client, bench, text_pdf())
    with database.unit_of_work() as session:
        session.execute(text("UPDATE pages SET spans = NULL"))
    assert "Page 1 of a document about sheaves" in client.get(url, params={"format": form}).text


@pytest.mark.parametrize("form", FORMS)
def test_more_pages_than_are_in_memory_at_once_come_in_order(client: TestClient, bench: Bench, form: str) -> None:
    contents = [show(f"Number {number}.") for number in range(1, 46)]
    found = client.get(url_of(client, bench, document(contents)), params={"format": form, "pages": "2-45"}).text
    places = [found.index(f"Number {number}.") for number in range(2, 46)]
    assert places == sorted(places)


def test_a_page_full_of_text_has_as_many_lines_in_reading_as_in_plain(client: TestClient, bench: Bench) -> None:
    url = url_of(client, bench, lines_pdf(1, lines=40))
    assert client.get(url, params={"format": "reading"}).text == client.get(url).text
