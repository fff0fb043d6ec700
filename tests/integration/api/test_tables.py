"""Tables over HTTP: numbered, joined over pages, and as files that no spreadsheet takes for programs."""

import csv
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from tests.pdf_files import aligned_pdf, cells, cells_pdf, document, table_pdf, text_pdf
from tests.work import Bench, sign_in, upload, uploaded

HEADER = ("Name", "Amount")
HOSTILE = ("=1+1", "+1+1", "@SUM(A1)", "-2+3", "=HYPERLINK(1)")
FORMS = ("json", "csv", "xlsx", "md")


def tables_of(client: TestClient, document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/documents/{document['id']}/tables").json()["data"]
    return found


def read(client: TestClient, bench: Bench, content: bytes, **fields: str) -> str:
    """Upload, let it be read, and return the document's path."""
    document = uploaded(client, content, **fields)
    bench.run_all()
    return f"/documents/{document['id']}"


def test_a_table_is_listed_with_its_place_and_size(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf([HEADER, ("a", "1")], [("x", "y"), ("b", "2"), ("c", "3")]))
    tables = client.get(f"{url}/tables").json()["data"]
    assert [(t["number"], t["page"], t["row_count"], t["column_count"]) for t in tables] == [(1, 1, 2, 2), (2, 2, 3, 2)]
    assert tables[0]["rows"] == [["Name", "Amount"], ["a", "1"]]
    assert (tables[0]["pages"], tables[0]["continued"]) == ([1], False)
    assert "confidence" not in tables[0]
    assert client.get(f"{url}/tables/2.json").json() == tables[1]


def test_a_table_that_goes_on_is_one_table_and_pages_stay_as_they_are(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf([HEADER, ("a", "1")], [HEADER, ("b", "2")], [("Other", "x"), HEADER]))
    joined, other = client.get(f"{url}/tables").json()["data"]
    assert joined["rows"] == [["Name", "Amount"], ["a", "1"], ["b", "2"]]
    assert (joined["pages"], joined["continued"], joined["row_count"]) == ([1, 2], True, 3)
    assert [part["page"] for part in joined["parts"]] == [1, 2]
    assert (other["number"], other["page"], other["continued"]) == (2, 3, False)
    pages = client.get(f"{url}/pages").json()["data"]
    assert [page["tables"][0]["rows"][0][0] for page in pages] == ["Name", "Name", "Other"]


LONG = [("Crop", "Tonnes"), *((f"Crop {chr(65 + at % 26)}", f"{at},{at:03}") for at in range(1, 33))]
MORE = [("Rye", "9,731"), ("Oats", "12")]


def test_a_table_that_goes_on_without_its_header_is_one_table(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf(LONG, LONG[1:], MORE))
    (joined,) = client.get(f"{url}/tables").json()["data"]
    assert joined["rows"] == [list(row) for row in (*LONG, *LONG[1:], *MORE)]
    assert (joined["pages"], joined["continued"]) == ([1, 2, 3], True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(LONG[:20], MORE, id="the first ends in the middle of its page"),
        pytest.param(LONG, [("Year", "Yield"), *MORE], id="the second has another header"),
        pytest.param(LONG, [("Rye", "9,731", "1"), ("Oats", "12", "1")], id="the second has another column"),
        pytest.param([(name, name) for name, _ in LONG[:1] * 33], [("Rye", "Oats")] * 2, id="there are no figures"),
        pytest.param([(amount,) for _, amount in LONG], [("12",), ("13",)], id="there is only one column"),
    ],
)
def test_tables_that_only_follow_each_other_stay_apart(
    client: TestClient, bench: Bench, first: list[tuple[str, ...]], second: list[tuple[str, ...]]
) -> None:
    url = read(sign_in(client), bench, cells_pdf(first, second))
    assert [table["page"] for table in client.get(f"{url}/tables").json()["data"]] == [1, 2]


def test_a_table_below_text_begins_anew(client: TestClient, bench: Bench) -> None:
    low = [b"1 0 0 1 0 -200 cm " + cells(MORE)]
    url = read(sign_in(client), bench, document([cells(LONG), *low]))
    assert [table["page"] for table in client.get(f"{url}/tables").json()["data"]] == [1, 2]


def test_csv_is_what_the_cells_say(client: TestClient, bench: Bench) -> None:
    rows = [("a,b", 'say "so"'), ("-5", "-1,234.5 %"), ("-", "x=1")]
    url = read(sign_in(client), bench, cells_pdf(rows))
    answer = client.get(f"{url}/tables/1.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [tuple(row) for row in csv.reader(io.StringIO(answer.text, newline=""))] == rows
    assert answer.text.splitlines()[0] == '"a,b","say ""so"""'
    assert answer.content.count(b"\r\n") == 3
    assert client.get(f"{url}/tables/1.csv", params={"bom": 1}).content == b"\xef\xbb\xbf" + answer.content


def test_no_cell_of_a_csv_is_a_formula(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf([HOSTILE, HOSTILE]))
    [first, _] = csv.reader(io.StringIO(client.get(f"{url}/tables/1.csv").text, newline=""))
    assert first == [f"'{text}" for text in HOSTILE]


def test_no_cell_of_a_workbook_is_a_formula(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf([HOSTILE, ("12.50", "007", "x", "y", "z")], [("p", "q"), ("r", "s")]))
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{url}/tables.xlsx").content))
    assert book.sheetnames == ["Table 1, page 1", "Table 2, page 2"]
    cells = [cell for row in book["Table 1, page 1"].iter_rows() for cell in row]
    assert [cell.value for cell in cells] == [*HOSTILE, "12.50", "007", "x", "y", "z"]
    assert {cell.data_type for cell in cells} == {"s"}
    one = openpyxl.load_workbook(io.BytesIO(client.get(f"{url}/tables/2.xlsx").content))
    assert one.sheetnames == ["Table 2, page 2"]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_libreoffice_calculates_nothing(client: TestClient, bench: Bench, tmp_path: Path, form: str) -> None:
    url = read(sign_in(client), bench, cells_pdf([HOSTILE, HOSTILE]))
    (tmp_path / f"table.{form}").write_bytes(client.get(f"{url}/tables/1.{form}").content)
    command = ["soffice", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), f"table.{form}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert "table:formula" not in (tmp_path / "table.fods").read_text()


def test_markdown_shows_the_table_and_nothing_else(client: TestClient, bench: Bench) -> None:
    url = read(sign_in(client), bench, cells_pdf([("a|b", "<i>"), ("c", "*d*")]))
    answer = client.get(f"{url}/tables/1.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.splitlines() == [r"| a\|b | \<i\> |", "| --- | --- |", r"| c | \*d\* |"]


@pytest.mark.parametrize("path", [*(f"/tables/1.{form}" for form in FORMS), "/tables", "/tables.xlsx"])
def test_a_known_file_answers_304(client: TestClient, bench: Bench, path: str) -> None:
    url = read(sign_in(client), bench, table_pdf())
    etag = client.get(url + path).headers["ETag"]
    assert client.get(url + path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", [*(f"/tables/1.{form}" for form in FORMS), "/tables", "/tables.xlsx"])
def test_tables_of_another_user_are_unknown(client: TestClient, bench: Bench, path: str) -> None:
    url = read(sign_in(client), bench, table_pdf())
    answer = sign_in(client, "eve@example.org").get(url + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


@pytest.mark.parametrize("form", FORMS)
def test_a_table_that_is_not_there_is_no_such_table(client: TestClient, bench: Bench, form: str) -> None:
    url = read(sign_in(client), bench, table_pdf())
    answers = [client.get(f"{url}/tables/{number}.{form}") for number in (2, 0, "x")]
    assert [answer.status_code for answer in answers] == [404, 422, 422]
    assert answers[0].json()["code"] == "no_such_table"


def test_a_file_is_named_after_the_document_and_the_table(client: TestClient, bench: Bench) -> None:
    document = upload(sign_in(client), table_pdf(), "Bericht für „26; a.pdf").json()
    bench.run_all()
    name = client.get(f"/documents/{document['id']}/tables/1.csv").headers["Content-Disposition"]
    whole = "Bericht%20f%C3%BCr%20%E2%80%9E26%3B%20a-table-1.csv"
    assert name == f"attachment; filename=\"Bericht_f_r_26_a-table-1.csv\"; filename*=UTF-8''{whole}"


def test_before_the_end_what_is_there_says_that_it_is_not_complete(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.get(f"/documents/{document['id']}/tables.xlsx")
    assert (answer.status_code, answer.headers["X-Sheaf-Complete"]) == (200, "false")
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames == ["No tables"]
    assert client.get(f"/documents/{document['id']}/tables/1.csv").json()["code"] == "no_such_table"


def test_auto_finds_a_table_without_rules_and_says_how(client: TestClient, bench: Bench) -> None:
    rows = [("Fruit", "2024", "2025"), ("Apples", "10.5", "11"), ("Pears", "7", "8.25"), ("Plums", "3", "9")]
    sign_in(client)
    plain = read(client, bench, aligned_pdf(rows))
    assert client.get(f"{plain}/tables").json()["data"] == []
    found = read(client, bench, aligned_pdf(rows), tables="auto")
    [table] = client.get(f"{found}/pages/1").json()["tables"]
    assert table["rows"] == [[*row] for row in rows]
    assert table["strategy"] == "aligned"
    assert 0 < table["confidence"] <= 1


def test_auto_can_be_asked_of_a_document_that_was_read(client: TestClient, bench: Bench) -> None:
    rows = [("Fruit", "2024"), ("Apples", "10.5"), ("Pears", "7"), ("Plums", "3")]
    url = read(sign_in(client), bench, aligned_pdf(rows))
    job = client.post(f"{url}/jobs", json={"tables": "auto"})
    assert job.status_code == 202
    bench.run_all()
    assert client.get(f"{url}/tables").json()["data"][0]["rows"] == [[*row] for row in rows]


def test_auto_and_other_text_settings_go_together(client: TestClient, bench: Bench) -> None:
    rows = [("Fruit", "2024"), ("Apples", "10.5"), ("Pears", "7"), ("Plums", "3")]
    url = read(sign_in(client), bench, aligned_pdf(rows))
    client.post(f"{url}/jobs", json={"tables": "auto", "text_settings": {"x_tolerance": 1}})
    bench.run_all()
    assert client.get(f"{url}/tables").json()["data"][0]["strategy"] == "aligned"


def test_every_form_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    forms = {path.rpartition("tables")[2]: found["get"] for path, found in paths.items() if "/tables" in path}
    assert set(forms) == {"", ".xlsx", *(f"/{{number}}.{form}" for form in FORMS)}
    assert {"200", "401", "404", "422", "503"} <= set(forms["/{number}.csv"]["responses"])
    assert all(found["operationId"] and found["summary"] for found in forms.values())
