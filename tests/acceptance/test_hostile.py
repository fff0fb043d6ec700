"""Hostile PDFs among good ones: each ends in the state that the table names, and the good ones finish."""

from typing import Any

import pytest

from tests import pdf_files
from tests.acceptance.api_client import ApiClient
from tests.platforms import StartedPlatform

ENVIRONMENT = {"PAGE_TIMEOUT_S": "45"}
# What plain pdfplumber can read in time and memory succeeds. Which of two limits a bomb meets first is the machine's.
TOO_MUCH = ("page_memory", "page_timeout")
EXPECTED: dict[str, tuple[str, tuple[str | None, ...]]] = {
    "flate_bomb": ("failed", ("page_memory",)),
    "stacked_flate_bomb": ("failed", ("page_memory",)),
    "many_chars": ("failed", TOO_MUCH),
    "many_rects": ("failed", TOO_MUCH),
    "nested_arrays": ("succeeded", (None,)),
    "page_tree_loop": ("succeeded", (None,)),
    "deep_page_tree": ("failed", ("damaged_pdf",)),
    "repeated_kids": ("succeeded", (None,)),
    "many_pages": ("failed", ("too_many_pages",)),
}
SLOW = ("many_chars", "many_rects")  # Only with --faults: each costs the time of a page several times over.
pytestmark = [pytest.mark.processes, pytest.mark.timeout(240), pytest.mark.xdist_group("hostile")]


def ended_as_expected(name: str, document: dict[str, Any]) -> bool:
    state, codes = EXPECTED[name]
    return document["status"] == state and (document["job"]["error"] or {}).get("code") in codes


def test_hostile_pdfs_end_as_expected_and_good_ones_beside_them_finish(
    api: ApiClient, started: StartedPlatform, pytestconfig: pytest.Config
) -> None:
    worker = started.child("worker.app worker").pid
    hostile, good = {}, []
    names = [name for name in EXPECTED if name not in SLOW or pytestconfig.getoption("--faults")]
    for number, name in enumerate(names, start=1):
        hostile[name] = api.upload(pdf_files.HOSTILE[name]())
        good.append(api.upload(pdf_files.text_pdf(number)))
    ended = {name: api.wait(document) for name, document in hostile.items()}
    assert [document["job"] for name, document in ended.items() if not ended_as_expected(name, document)] == []
    assert {document["status"] for document in api.wait_all(good)} == {"succeeded"}
    assert started.child("worker.app worker").pid == worker


def test_the_table_names_every_hostile_pdf() -> None:
    assert EXPECTED.keys() == pdf_files.HOSTILE.keys()
