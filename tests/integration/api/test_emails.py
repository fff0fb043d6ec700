"""Mails over HTTP: who may write to whom, what is refused, and what the recipient gets."""

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from shared import delivery
from shared.database import Database
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, register, sign_in, upload, uploaded

ADA = "ada@example.org"
BOB = "bob@example.org"
LETTER = {"to": ADA, "subject": "The report", "body": "Here it is.\nYours"}


def outbox(settings: Settings) -> list[EmailMessage]:
    """Return the mails that were written to the outbox folder but those about accounts, in the order of their ids."""
    found = map(parse, sorted((settings.sheaf_data / "outbox").glob("*.eml")))
    return [mail for mail in found if mail["Subject"] != "Confirm your e-mail address"]


def parse(file: Path) -> EmailMessage:
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def make_admin(database: Database, address: str) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET role = 'admin' WHERE email = :address"), {"address": address})


def two_users(client: TestClient) -> None:
    """Make the accounts of Bob and Ada; the client speaks for Ada."""
    sign_in(client, BOB)
    sign_in(client, ADA)


def job_of(client: TestClient, answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get(answer.headers["Location"]).json()
    return found


@pytest.mark.parametrize("path", ["/emails", "/send-email"])
def test_a_mail_is_accepted_as_a_job_of_its_own_kind(client: TestClient, path: str) -> None:
    sign_in(client, ADA)
    answer = client.post(path, json=LETTER)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["document_id"]) == ("email", "queued", None)
    assert job["queue_position"] == 1
    assert client.get("/jobs", params={"kind": "email"}).json()["total"] == 1


def test_without_a_mail_server_the_mail_is_in_the_outbox_folder(
    client: TestClient, bench: Bench, settings: Settings
) -> None:
    answer = sign_in(client, ADA).post("/emails", json=LETTER)
    bench.run_all()
    job = job_of(client, answer)
    assert (job["state"], job["attempt"], job["error"]) == ("succeeded", 1, None)
    (message,) = outbox(settings)
    assert (message["To"], message["Subject"], message["Reply-To"]) == (ADA, "The report", f"ada <{ADA}>")
    assert text_of(message).splitlines()[:2] == ["Here it is.", "Yours"]
    assert message["Message-ID"].endswith("@localhost>")


def test_nothing_of_a_sent_mail_is_kept(client: TestClient, bench: Bench, database: Database) -> None:
    sign_in(client, ADA).post("/emails", json=LETTER)
    bench.run_all()
    with database.unit_of_work() as session:
        row = session.execute(
            text("SELECT params, rendered_sealed, secret_sealed, stage FROM emails WHERE template = 'letter'")
        ).one()
    assert tuple(row) == ({}, None, None, "sent")


def test_waiting_for_a_mail_ends_with_its_end(client: TestClient, bench: Bench) -> None:
    answer = sign_in(client, ADA).post("/emails", json=LETTER)
    with bench.working():
        job = client.get(answer.headers["Location"], params={"wait": 8}).json()
    assert job["state"] == "succeeded"


def test_the_end_of_a_mail_is_news_for_its_owner(client: TestClient, bench: Bench) -> None:
    job = sign_in(client).post("/emails", json=LETTER).json()
    bench.run_all()
    (event,) = client.get("/events").json()["events"]
    assert (event["type"], event["job_id"], event["kind"], event["state"]) == ("job", job["id"], "email", "succeeded")


def test_the_mails_of_an_account_are_no_news(client: TestClient, bench: Bench) -> None:
    register(client)
    bench.run_all()
    assert client.get("/events").json()["events"] == []


def test_mails_and_documents_do_not_wait_for_one_another(client: TestClient) -> None:
    sign_in(client, ADA)
    for number in range(3):
        uploaded(client, text_pdf(text=f"page {number}"))
    places = [client.post("/emails", json=LETTER).json()["queue_position"] for _ in range(2)]
    assert places == [1, 2]
    assert uploaded(client, text_pdf())["job"]["queue_position"] == 4


def test_users_write_to_one_another(client: TestClient) -> None:
    two_users(client)
    assert client.post("/emails", json={**LETTER, "to": BOB.upper()}).status_code == 202


def test_users_do_not_write_to_strangers(client: TestClient) -> None:
    answer = sign_in(client, ADA).post("/emails", json={**LETTER, "to": "stranger@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (403, "recipient_not_allowed")


def test_administrators_write_to_anyone(client: TestClient, database: Database) -> None:
    sign_in(client, ADA)
    make_admin(database, ADA)
    assert client.post("/emails", json={**LETTER, "to": "stranger@example.com"}).status_code == 202


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to": "nobody"}, "/to"),
        ({"to": f"{ADA}\r\nBcc: {BOB}"}, "/to"),
        ({"to": f"{ADA}, {BOB}"}, "/to"),
        ({"to": "åda@example.org"}, "/to"),
        ({"subject": "Hello\r\nBcc: bob@example.org"}, "/subject"),
        ({"subject": "Hello\nX: y"}, "/subject"),
        ({"subject": "Hello\x00"}, "/subject"),
        ({"subject": "Hello\u2028X: y"}, "/subject"),
        ({"subject": "  "}, "/subject"),
        ({"subject": None}, "/subject"),
        ({"body": "a\x1bb"}, "/body"),
        ({"body": None}, "/body"),
        ({"template": "job_done"}, "/subject"),
        ({"template": "no_such"}, "/template"),
        ({"subject": None, "body": None, "template": "job_done"}, "/document_id"),
        ({"subject": None, "body": None, "template": "reset_password"}, "/template"),
    ],
)
def test_what_no_mail_should_say_is_refused(client: TestClient, changes: dict[str, Any], pointer: str) -> None:
    answer = sign_in(client, ADA).post("/emails", json={**LETTER, **changes})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_lone_surrogate_is_refused(client: TestClient) -> None:
    body = b'{"to": "ada@example.org", "subject": "x", "body": "\\ud800"}'
    answer = sign_in(client, ADA).post("/emails", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_somebody_elses_document_is_unknown(client: TestClient) -> None:
    document = uploaded(sign_in(client, BOB), text_pdf())
    answer = sign_in(client, ADA).post("/emails", json={**LETTER, "document_id": document["id"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


def test_somebody_elses_mail_is_unknown(client: TestClient) -> None:
    job = sign_in(client, BOB).post("/emails", json={**LETTER, "to": BOB}).json()
    assert sign_in(client, ADA).get(f"/jobs/{job['id']}").status_code == 404


def test_a_mail_about_a_document_says_what_became_of_it(client: TestClient, bench: Bench, settings: Settings) -> None:
    document = upload(sign_in(client, ADA), text_pdf(), "<b>.pdf").json()
    bench.run_all()
    client.post("/emails", json={"to": ADA, "template": "job_done", "document_id": document["id"]})
    bench.run_all()
    (message,) = outbox(settings)
    assert message["Subject"] == "<b>.pdf: read"
    assert f"/#/documents/{document['id']}" in text_of(message)
    assert "<b>&lt;b&gt;.pdf</b>" in text_of(message, "html")
    assert message["Auto-Submitted"] == "auto-generated"


def test_an_hour_has_so_many_mails(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"emails_per_hour": 2}))) as client:
        sign_in(client, ADA)
        answers = [client.post("/emails", json=LETTER) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "too_many_emails"
    assert 3000 < int(answers[2].headers["Retry-After"]) <= 3600


def test_a_repeated_request_sends_one_mail(client: TestClient) -> None:
    sign_in(client, ADA)
    first, second = (client.post("/emails", json=LETTER, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_queued_mail_is_canceled_and_tried_again(client: TestClient, bench: Bench, settings: Settings) -> None:
    job = sign_in(client, ADA).post("/emails", json=LETTER).json()
    assert client.post(f"/jobs/{job['id']}/cancel").json()["state"] == "canceled"
    bench.run_all()
    assert outbox(settings) == []
    again = client.post(f"/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["retry_of"]) == (202, job["id"])
    bench.run_all()
    assert len(outbox(settings)) == 1
    assert client.post(f"/jobs/{again.json()['id']}/retry").json()["code"] == "nothing_to_retry"


def test_the_end_of_an_upload_is_told_once(client: TestClient, bench: Bench, settings: Settings) -> None:
    document = uploaded(sign_in(client, ADA), text_pdf(), notify="email")
    bench.run_all()
    (message,) = outbox(settings)
    assert (message["To"], message["Subject"]) == (ADA, "report.pdf: read")
    assert client.get(f"/documents/{document['id']}").json()["job"]["kind"] == "extraction"
    upload(client, text_pdf(), notify="email")
    bench.run_all()
    assert len(outbox(settings)) == 1


def test_who_uploads_again_to_be_told_is_told(client: TestClient, bench: Bench, settings: Settings) -> None:
    uploaded(sign_in(client, ADA), text_pdf())
    bench.run_all()
    assert upload(client, text_pdf(), notify="email").status_code == 200
    bench.run_all()
    assert len(outbox(settings)) == 1


def test_a_failed_upload_is_told_with_its_reason(client: TestClient, bench: Bench, settings: Settings) -> None:
    uploaded(sign_in(client, ADA), b"%PDF-1.7 nothing more", notify="email")
    bench.run_all()
    (message,) = outbox(settings)
    assert message["Subject"] == "report.pdf: could not be read"


def batch(client: TestClient, count: int) -> list[dict[str, Any]]:
    return [uploaded(client, text_pdf(text=f"number {n}"), notify="email") for n in range(count)]


def test_the_ends_of_a_batch_are_told_in_one_mail(client: TestClient, bench: Bench, settings: Settings) -> None:
    sign_in(client, ADA)
    documents = batch(client, 3)
    broken = uploaded(client, b"%PDF-1.7 nothing more", notify="email")
    bench.run_all()
    (message,) = outbox(settings)
    assert message["Subject"] == "4 documents: 3 read, 1 could not be read"
    words = text_of(message)
    assert all(words.count(document["id"]) == 1 for document in documents)
    assert words.index(broken["id"]) < words.index(documents[0]["id"])
    upload(client, text_pdf(text="number 0"), notify="email")
    bench.run_all()
    assert len(outbox(settings)) == 1


def test_the_last_of_a_batch_may_be_canceled(client: TestClient, bench: Bench, settings: Settings) -> None:
    sign_in(client, ADA)
    batch(client, 3)
    bells = bench.dispatch()
    for bell in bells[:-1]:
        bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    bench.run_all()
    assert outbox(settings) == []
    client.post(f"/jobs/{bells[-1].job_id}/cancel")
    bench.run_all()
    (message,) = outbox(settings)
    assert message["Subject"] == "2 documents: 2 read"


def test_of_a_batch_only_what_is_still_there_is_told(client: TestClient, bench: Bench, settings: Settings) -> None:
    sign_in(client, ADA)
    kept, deleted = batch(client, 2)
    for bell in bench.dispatch():
        bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    client.delete(f"/documents/{deleted['id']}")
    bench.run_all()
    (message,) = outbox(settings)
    assert kept["id"] in text_of(message)
    assert deleted["id"] not in text_of(message)


def test_one_upload_after_the_other_brings_no_flood_of_mails(
    client: TestClient, bench: Bench, settings: Settings, database: Database
) -> None:
    sign_in(client, ADA)
    for number in range(8):
        uploaded(client, text_pdf(text=f"number {number}"), notify="email")
        bench.run_all()
    assert len(outbox(settings)) == 5
    with database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET run_after = now() WHERE state = 'retry_wait'"))
    bench.run_all()
    assert outbox(settings)[-1]["Subject"] == "3 documents: 3 read"


def test_an_unknown_way_of_telling_is_refused(client: TestClient) -> None:
    answer = upload(sign_in(client, ADA), text_pdf(), notify="pigeon")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/notify")


def test_a_deleted_document_takes_its_mails_along(client: TestClient, bench: Bench, settings: Settings) -> None:
    document = uploaded(sign_in(client, ADA), text_pdf())
    bench.run_all()
    client.post("/emails", json={"to": ADA, "template": "job_done", "document_id": document["id"]})
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    bench.run_all()
    assert outbox(settings) == []


def test_administrators_see_what_became_of_all_mails(client: TestClient, bench: Bench, database: Database) -> None:
    two_users(client)
    bench.run_all()
    make_admin(database, ADA)
    before = client.get("/admin/emails", params={"state": "succeeded"}).json()["total"]
    client.post("/emails", json={**LETTER, "to": BOB})
    bench.run_all()
    client.post("/emails", json=LETTER)
    items = client.get("/admin/emails").json()["data"]
    assert [(item["to"], item["state"], item["stage"]) for item in items[:2]] == [
        (ADA, "queued", "waiting"),
        (BOB, "succeeded", "sent"),
    ]
    assert "Here it is" not in client.get("/admin/emails").text
    assert client.get("/admin/emails", params={"state": "succeeded"}).json()["total"] == before + 1


def test_administrators_lift_a_suppression(client: TestClient, database: Database, settings: Settings) -> None:
    sign_in(client, ADA)
    make_admin(database, ADA)
    with database.unit_of_work() as session:
        delivery.suppress(session, BOB, key=settings.secret_key, reason="550 5.1.1 no such user")
    lifted = [client.delete("/admin/suppressed-addresses", params={"address": BOB}).status_code for _ in range(2)]
    assert lifted == [204, 404]


@pytest.mark.parametrize(("method", "path"), [("GET", "/admin/emails"), ("DELETE", "/admin/suppressed-addresses")])
def test_ordinary_users_do_not_administer(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path, params={"address": BOB}).status_code == 401
    answer = sign_in(client, ADA).request(method, path, params={"address": BOB})
    assert (answer.status_code, answer.json()["code"]) == (403, "admins_only")
