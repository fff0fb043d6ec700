"""Settings of pdfplumber given with a job: checked, honoured to the last digit, and remembered with the pages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from api.documents.extraction_settings import TableSettings, TextSettings
from shared.models import Attempt, Job
from tests.pdf_files import document, grid, show
from tests.work import Bench, sign_in, uploaded

ROOT = Path(__file__).parents[3]
GAP = b"BT /F1 12 Tf 72 650 Td (Wide) Tj 31 0 Td (gap) Tj ET "  # "Wide" is 27.4 points wide.
COLUMNS = b"".join(
    show(f"a{row}", y=400 - 20 * row) + b"1 0 0 1 100 0 cm " + show(f"b{row}", y=400 - 20 * row) + b"1 0 0 1 -100 0 cm "
    for row in range(5)
)
PDF = document([show("Headed") + GAP + grid(3, 3) + COLUMNS])


def extract_again(client: TestClient, bench: Bench, document_id: str, **body: Any) -> dict[str, Any]:
    """Run a further job and return its first page with words."""
    answer = client.post(f"/documents/{document_id}/jobs", json=body)
    assert answer.status_code == 202, answer.text
    bench.run_all()
    page: dict[str, Any] = client.get(f"/documents/{document_id}/pages/1?include=words").json()
    return page


def plain_page(path: Path, **settings: Any) -> dict[str, Any]:
    """Return what pdfplumber gives for the first page in a process of its own."""
    program = ROOT / "tests/unit/worker/extraction/plain.py"
    command = [sys.executable, str(program), str(path), "1", json.dumps(settings)]
    page: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[0]
    return page


@pytest.mark.processes
@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ({"x_tolerance": 8}, {}),
        ({"y_tolerance": 0.5, "layout": True}, {}),
        ({}, {"vertical_strategy": "text", "horizontal_strategy": "text", "min_words_vertical": 4}),
        ({}, {"vertical_strategy": "lines_strict", "snap_tolerance": 25, "join_y_tolerance": 0}),
        ({"x_tolerance": 0}, {"intersection_tolerance": 0, "edge_min_length": 100}),
    ],
    ids=["x", "layout", "text strategy", "snapping", "both"],
)
def test_a_page_is_what_pdfplumber_gives_with_the_settings(
    client: TestClient, bench: Bench, tmp_path: Path, text: dict[str, Any], tables: dict[str, Any]
) -> None:
    (tmp_path / "plain.pdf").write_bytes(PDF)
    words = {name: value for name, value in text.items() if name != "layout"}
    expected = plain_page(tmp_path / "plain.pdf", text=text, words=words, tables=tables)
    usual = plain_page(tmp_path / "plain.pdf")
    given = uploaded(sign_in(client), PDF)
    page = extract_again(client, bench, given["id"], text_settings=text, table_settings=tables)
    assert {name: page[name] for name in expected} == expected
    assert expected != usual


def test_pages_read_with_the_same_settings_are_not_read_again(client: TestClient, bench: Bench) -> None:
    given = uploaded(sign_in(client), PDF)
    bench.run_all()
    for settings in ({"snap_tolerance": 5}, {"snap_x_tolerance": 5.0, "snap_y_tolerance": 5, "join_tolerance": 3}):
        extract_again(client, bench, given["id"], table_settings=settings)
    with bench.database.unit_of_work() as session:
        assert sorted(session.exec(select(Attempt.pages_done))) == [0, 1, 1]


@pytest.mark.parametrize(
    "body",
    [
        {"text_settings": None, "table_settings": None},
        {"text_settings": {}, "table_settings": {}},
        {
            "text_settings": {"x_tolerance": 3, "y_tolerance": 3.0, "layout": False},
            "table_settings": {"vertical_strategy": "lines", "snap_tolerance": 9, "snap_x_tolerance": 3}
            | {"snap_y_tolerance": 3, "intersection_tolerance": 3, "min_words_vertical": 3},
        },
    ],
    ids=["null", "empty", "defaults"],
)
def test_giving_the_defaults_equals_giving_nothing(client: TestClient, bench: Bench, body: dict[str, Any]) -> None:
    given = uploaded(sign_in(client), PDF)
    bench.run_all()
    extract_again(client, bench, given["id"], **body)
    with bench.database.unit_of_work() as session:
        assert len(set(session.exec(select(Job.settings)))) == 1
        assert sorted(session.exec(select(Attempt.pages_done))) == [0, 1]


@pytest.mark.parametrize("wish", [{"tables": "auto"}, {"pages": "1", "table_settings": {"snap_x_tolerance": 5.0}}])
def test_a_job_says_what_it_was_asked_for(client: TestClient, wish: dict[str, Any]) -> None:
    given = uploaded(sign_in(client), PDF)
    assert "asked" not in given["job"]
    assert client.post(f"/documents/{given['id']}/jobs", json=wish).json()["asked"] == wish


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text_settings": {"x_tolerance": -1}}, "/text_settings/x_tolerance"),
        ({"text_settings": {"x_tolerance": 101}}, "/text_settings/x_tolerance"),
        ({"text_settings": {"y_tolerance": "3"}}, "/text_settings/y_tolerance"),
        ({"text_settings": {"y_tolerance": True}}, "/text_settings/y_tolerance"),
        ({"text_settings": {"layout": 1}}, "/text_settings/layout"),
        ({"text_settings": {"keep_blank_chars": True}}, "/text_settings/keep_blank_chars"),
        ({"text_settings": []}, "/text_settings"),
        ({"table_settings": {"vertical_strategy": "explicit"}}, "/table_settings/vertical_strategy"),
        ({"table_settings": {"min_words_vertical": 0}}, "/table_settings/min_words_vertical"),
        ({"table_settings": {"min_words_vertical": 2.5}}, "/table_settings/min_words_vertical"),
        ({"table_settings": {"text_x_tolerance": 3}}, "/table_settings/text_x_tolerance"),
        ({"tables": "many"}, "/tables"),
        ({"tables": "auto", "table_settings": {"snap_tolerance": 1}}, "/table_settings"),
    ],
    ids=str,
)
def test_odd_settings_are_refused(client: TestClient, body: dict[str, Any], pointer: str) -> None:
    given = uploaded(sign_in(client), PDF)
    answer = client.post(f"/documents/{given['id']}/jobs", json=body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_number_that_json_does_not_know_is_refused(client: TestClient, number: str) -> None:
    given = uploaded(sign_in(client), PDF)
    answer = client.post(
        f"/documents/{given['id']}/jobs",
        content=f'{{"text_settings": {{"x_tolerance": {number}}}}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_settings_are_no_field_of_an_upload(client: TestClient) -> None:
    files = {"file": ("a.pdf", PDF, "application/pdf")}
    answer = sign_in(client).post("/documents", files=files, data={"text_settings": "{}"})
    assert answer.status_code == 422


def test_an_axis_of_its_own_wins_over_both() -> None:
    wanted = TableSettings(snap_tolerance=5, snap_x_tolerance=3, join_tolerance=3)
    assert wanted.normal_form() == {"snap_y_tolerance": 5.0}
    assert TextSettings(x_tolerance=3).normal_form() == {}
