"""The command line of users, from signing in to messages, against a whole platform."""

import csv
import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.command_line import Terminal, interrupt
from tests.pdf_files import encrypted_pdf, table_pdf, text_pdf
from tests.platforms import StartedPlatform, eventually
from tests.work import PASSWORD

pytestmark = [pytest.mark.processes, pytest.mark.timeout(90), pytest.mark.xdist_group("command line")]
MANY = 16


def register(address: str, name: str) -> str:
    email = f"{name}-{uuid4().hex[:12]}@example.org"
    body = {"email": email, "password": PASSWORD, "name": name}
    httpx.post(f"{address}/register", json=body).raise_for_status()
    return email


@pytest.fixture
def terminal(started: StartedPlatform, tmp_path: Path) -> Terminal:
    """Somebody new who is signed in."""
    return Terminal(tmp_path / "config", started.address).sign_in(register(started.address, "ada"))


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    file = tmp_path / "cells.pdf"
    file.write_bytes(table_pdf())
    return file


@pytest.fixture
def document(terminal: Terminal, pdf: Path) -> str:
    """The id of a document with a table that was read."""
    (done,) = terminal.records("upload", pdf)
    return str(done["document"]["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    (folder / "sub").mkdir(parents=True)
    for number in range(MANY):
        place = folder / "sub" if number % 2 else folder
        (place / f"{number}.pdf").write_bytes(text_pdf(text=f"Sheaf {number} of {folder}"))
    return folder


def test_the_sign_in_is_kept_where_only_its_owner_reads_it(terminal: Terminal) -> None:
    file = Path(terminal.environment["XDG_CONFIG_HOME"], "sheaf", "sign-in.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert terminal.records("whoami")[0]["url"] == terminal.address
    assert terminal.sheaf("logout").exit_code == 0
    done = terminal.sheaf("whoami")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "sheaf login" in done.stderr


def test_a_wrong_password_signs_nobody_in(terminal: Terminal) -> None:
    done = terminal.sheaf("login", "--url", terminal.address, "--email", "ada@example.org", SHEAF_PASSWORD="wrong one")
    assert done.exit_code == 4
    assert "sheaf: " in done.stderr


def test_an_ended_token_is_renewed_and_kept(terminal: Terminal) -> None:
    file = Path(terminal.environment["XDG_CONFIG_HOME"], "sheaf", "sign-in.json")
    before = json.loads(file.read_text())
    file.write_text(json.dumps({**before, "access_token": "ended"}))
    assert terminal.sheaf("whoami").exit_code == 0
    after = json.loads(file.read_text())
    assert after["refresh_token"] != before["refresh_token"]
    file.write_text(json.dumps({**after, "ends_at": 0}))
    assert terminal.sheaf("whoami").exit_code == 0
    assert json.loads(file.read_text())["refresh_token"] != after["refresh_token"]


def test_variables_win_over_the_file_and_no_token_goes_to_another_server(terminal: Terminal) -> None:
    done = terminal.sheaf("whoami", SHEAF_URL="http://127.0.0.1:1")
    assert (done.exit_code, "not at http://127.0.0.1:1" in done.stderr) == (4, True)
    assert terminal.sheaf("whoami", SHEAF_TOKEN="made up").exit_code == 4


def test_a_server_that_is_away_is_named(terminal: Terminal) -> None:
    done = terminal.sheaf("login", "--url", "127.0.0.1:1", "--email", "ada@example.org")
    assert done.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:1" in done.stderr


def test_a_file_is_read_once_however_often_it_is_uploaded(terminal: Terminal, pdf: Path) -> None:
    (first,), (second,) = terminal.records("upload", pdf), terminal.records("upload", pdf)
    assert (first["sent"], second["sent"]) == (True, False)
    assert first["document"]["status"] == second["document"]["status"] == "succeeded"
    (other,) = terminal.records("upload", pdf, "--tables", "auto", "--pages", "1")
    assert other["sent"]
    assert other["document"]["id"] != first["document"]["id"]


def test_an_upload_goes_on_where_it_was_interrupted(terminal: Terminal, folder: Path) -> None:
    running = terminal.start("upload", "-r", "-j", "1", folder)
    assert running.stdout
    assert "succeeded" in running.stdout.readline()
    code, said = interrupt(running)
    assert code == 130
    assert "`sheaf list` shows it" in said
    before = {found["id"] for found in terminal.records("list")}
    done = terminal.records("upload", "-r", folder)
    assert {found["document"]["status"] for found in done} == {"succeeded"}
    assert {found["document"]["id"] for found in done if not found["sent"]} == before
    assert len(terminal.records("list")) == len(done) == MANY


def test_one_bad_file_costs_only_itself(terminal: Terminal, pdf: Path) -> None:
    wrong = pdf.with_name("wrong.pdf")
    wrong.write_text("no PDF")
    done = terminal.records("upload", pdf.parent, code=1)
    assert [bool(found["error"]) for found in done] == [False, True]
    assert "upload a PDF" in done[1]["error"]


def test_results_come_into_a_folder_in_the_forms_that_are_asked_for(terminal: Terminal, pdf: Path) -> None:
    out = pdf.with_name("out")
    assert terminal.sheaf("upload", pdf, "--out", out, "--to", "md,txt,json,csv,xlsx,pdf").exit_code == 0
    names = {"cells.md", "cells.txt", "cells.json", "cells-table-1.csv", "cells.xlsx", "cells.pdf"}
    assert {file.name for file in out.iterdir()} == names
    assert (out / "cells.pdf").read_bytes() == pdf.read_bytes()
    assert "r1c1" in (out / "cells-table-1.csv").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("upload", "nowhere.pdf"),
        ("upload", ".", "--out", "x"),
        ("status", "no-id"),
        ("tables", str(uuid4()), "--to", "doc"),
    ],
)
def test_wrong_use_ends_with_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.sheaf(*words).exit_code == 2


def test_a_password_comes_from_a_file(terminal: Terminal, pdf: Path) -> None:
    pdf.write_bytes(encrypted_pdf("sesame"))
    assert "password" in terminal.records("upload", pdf, code=1)[0]["error"]
    secret = pdf.with_name("secret")
    secret.write_text("sesame\n")
    (done,) = terminal.records("upload", pdf, "--password-file", secret)
    assert done["document"]["status"] == "succeeded"


def test_documents_are_listed_and_followed(terminal: Terminal, document: str) -> None:
    assert [found["id"] for found in terminal.records("list", "--status", "succeeded")] == [document]
    assert terminal.records("list", "--status", "failed") == []
    assert terminal.records("status", document, "--watch")[0]["page_count"] == 1
    assert terminal.sheaf("open", document).stdout == f"{terminal.address}/#/documents/{document}\n"
    done = terminal.sheaf("status", str(uuid4()))
    assert (done.exit_code, "`sheaf list` shows them" in done.stderr) == (1, True)


def test_texts_and_tables_come_on_standard_output(terminal: Terminal, document: str, tmp_path: Path) -> None:
    assert terminal.sheaf("text", document).stdout.startswith("A table of cells")
    assert terminal.records("text", document, "--markdown")[0]["complete"]
    rows = list(csv.reader(StringIO(terminal.sheaf("tables", document, "--to", "csv").stdout)))
    assert rows[0] == ["r0c0", "r0c1", "r0c2"]
    assert terminal.records("tables", document)[0]["number"] == 1
    assert "r2c2" in terminal.sheaf("tables", document).stdout
    assert terminal.sheaf("tables", document, "-o", tmp_path / "all.xlsx").exit_code == 0
    assert (tmp_path / "all.xlsx").read_bytes().startswith(b"PK")
    assert terminal.sheaf("tables", document, "--table", "2", "--to", "csv").exit_code == 1


def test_documents_are_fetched_and_erased(terminal: Terminal, document: str, tmp_path: Path) -> None:
    unknown = str(uuid4())
    (saved,) = terminal.records("get", document, unknown, "--out", tmp_path / "out", code=1)
    assert saved["saved"] == [str(tmp_path / "out" / "cells.md")]
    assert terminal.sheaf("delete", document, unknown).exit_code == 1
    assert terminal.records("list") == []


def test_words_are_found(terminal: Terminal, document: str) -> None:
    (hit,) = terminal.records("search", "r1c1")
    assert hit["document_id"] == document
    assert "p.1: " in terminal.sheaf("search", "r1c1").stdout
    assert terminal.sheaf("search", "nothing", "like", "this").stdout == ""


def test_a_job_is_retried_and_canceled_only_when_there_is_something_to_do(terminal: Terminal, document: str) -> None:
    retried, canceled = terminal.sheaf("retry", document), terminal.sheaf("cancel", document)
    assert (retried.exit_code, canceled.exit_code) == (1, 1)
    assert retried.stderr.startswith("sheaf: ")


@pytest.fixture
def other(terminal: Terminal, tmp_path: Path) -> dict[str, Any]:
    """Somebody to write to: a terminal, and the address."""
    email = register(terminal.address, "grace")
    return {"terminal": Terminal(tmp_path / "other", terminal.address).sign_in(email), "email": email}


def test_messages_go_to_and_fro_with_documents(terminal: Terminal, other: dict[str, Any], pdf: Path) -> None:
    reading = other["terminal"].start("chat", "tail", "--json")
    (sent,) = terminal.records("chat", "send", other["email"], "See page \x1b[31m3.", "--attach", pdf)
    assert reading.stdout
    assert json.loads(reading.stdout.readline())["id"] == sent["id"]
    assert interrupt(reading)[0] == 130
    listed = other["terminal"].sheaf("chat", "list").stdout
    assert "See page \N{REPLACEMENT CHARACTER}[31m3." in listed
    assert "ada → you:" in other["terminal"].sheaf("chat", "tail", "--no-follow").stdout
    assert other["terminal"].records("status", sent["document_id"])[0]["filename"] == "cells.pdf"


def test_a_name_that_nobody_has_is_wrong_use(terminal: Terminal) -> None:
    done = terminal.sheaf("chat", "send", "nobody at all", "Hello")
    assert (done.exit_code, "Nobody is called" in done.stderr) == (2, True)


def test_users_and_queues_are_for_administrators(terminal: Terminal, started: StartedPlatform) -> None:
    refused = terminal.sheaf("admin", "users")
    assert (refused.exit_code, refused.stdout) == (1, "")
    email = f"{uuid4().hex[:12]}@example.org"
    account = ("--email", email, "--name", "Root", "--role", "admin")
    making = terminal.start("admin", "create-user", *account, SHEAF_DATA=started.note["SHEAF_DATA"])
    assert making.communicate(timeout=30)[0].startswith(email)
    terminal.sign_in(email)
    number = str(terminal.records("whoami")[0]["id"])
    (made,) = terminal.records("admin", "actions", "--account", number)
    assert (made["deed"], made["admin_id"], made["details"]) == ("account_made", None, {"role": "admin"})
    assert "command line" in terminal.sheaf("admin", "actions").stdout
    assert [user["role"] for user in terminal.records("admin", "users", email)] == ["admin"]
    assert terminal.sheaf("admin", "users", email).stdout.strip().startswith(number)
    assert terminal.records("admin", "queues")[0]["broker"] == {"reachable": True}
    assert "2 slots  alive" in terminal.sheaf("admin", "queues").stdout


def test_what_appears_in_a_watched_folder_is_read(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    watching = terminal.start("watch", folder, "--every", "0.1", "--json")
    (folder / "new.pdf").write_bytes(text_pdf())
    assert watching.stdout
    found = json.loads(watching.stdout.readline())
    assert (found["file"], found["error"]) == (str(folder / "new.pdf"), None)
    assert interrupt(watching)[0] == 130
    eventually(lambda: len(terminal.records("list")) == 1)
