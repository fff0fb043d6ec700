"""A folder of real PDFs from the command line: interrupted, run again, and nothing is sent twice."""

import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.command_line import Terminal, interrupt
from tests.platforms import StartedPlatform
from tests.work import PASSWORD

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
READ_BEFORE = 5
pytestmark = [
    pytest.mark.faults,
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real PDFs lies beside the project or not at all"),
    pytest.mark.xdist_group("corpus upload"),
]
ENVIRONMENT = {"PAGE_TIMEOUT_S": "10"}


@pytest.fixture
def terminal(started: StartedPlatform, tmp_path: Path) -> Terminal:
    email = f"{uuid4().hex[:12]}@example.org"
    body = {"email": email, "password": PASSWORD, "name": "Corpus"}
    httpx.post(f"{started.address}/register", json=body).raise_for_status()
    return Terminal(tmp_path, started.address).sign_in(email)


def test_the_corpus_is_uploaded_over_an_interruption_without_a_second_upload(terminal: Terminal) -> None:
    running = terminal.start("upload", "-r", CORPUS, "--json")
    assert running.stdout
    for _ in range(READ_BEFORE):
        json.loads(running.stdout.readline())
    assert interrupt(running)[0] == 130
    before = {found["id"] for found in terminal.records("list")}
    done = terminal.records("upload", "-r", CORPUS, code=1)  # Some of the corpus cannot be read, and says so.
    twice = [found for found in done if found["sent"] and found["document"]["id"] in before]
    assert {found["document"]["status"] for found in twice} <= {"failed"}  # For these the server wants the file again.
    accepted = {found["document"]["id"] for found in done if found["document"]}
    assert before <= accepted
    assert Counter(found["id"] for found in terminal.records("list")) == Counter(accepted)
    assert [found["file"] for found in done if bool(found["error"]) == is_read(found)] == []


def is_read(found: dict[str, Any]) -> bool:
    return found["document"] is not None and found["document"]["status"] == "succeeded"
