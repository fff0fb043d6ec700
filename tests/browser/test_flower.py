"""Flower in a browser: workers and tasks, and the way from a task to its job in the ledger."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser.conftest import Take
from tests.browser.visitors import Person
from tests.pdf_files import encrypted_pdf
from tests.platforms import eventually


def test_an_administrator_finds_a_failed_job_from_flower_on_and_tries_it_again(
    admin: Person, ada: Person, take: Take
) -> None:
    job = failed_job(admin, ada)
    queues = admin.open("/#/admin/queues")
    with queues.expect_popup() as opened:
        queues.get_by_role("link", name="Open Flower").click()
    flower = opened.value
    shows_workers(flower)
    path = shows_task(flower, job["id"])
    take(flower, "flower")
    assert admin.api.get(path)["error"]["code"] == "password_required"
    queues.get_by_role("link", name="failed in 24 h").click()
    queues.get_by_role("button", name=f"Try job {job['id']} again").click()
    expect(queues.get_by_role("region", name="Notices")).to_contain_text("It is tried again now.")
    assert job["id"] in {again["retry_of"] for again in admin.api.get("/admin/jobs")["data"]}


def failed_job(admin: Person, owner: Person) -> dict[str, Any]:
    """Upload what cannot be read until Flower hears of it: it listens only some time after the platform is ready."""
    jobs: list[dict[str, Any]] = []

    def is_heard_of() -> bool:
        jobs.append(owner.api.wait(owner.api.upload(encrypted_pdf(uuid4().hex)))["job"])
        heard = admin.api.fetch("/flower/api/tasks")
        return heard.status_code == 200 and jobs[-1]["id"] in heard.text

    eventually(is_heard_of, within_s=60)
    return jobs[-1]


def shows_workers(flower: Page) -> None:
    for name in ("worker@", "mailer@"):
        expect(flower.get_by_role("row", name=name)).to_contain_text("Online")


def shows_task(flower: Page, job_id: str) -> str:
    """Find the task of a job, and return where its arguments say that the ledger tells more."""
    flower.get_by_role("link", name="Tasks").click()
    row = flower.get_by_role("row", name=job_id)
    expect(row).to_contain_text("sheaf.extraction")
    return next(word for word in row.inner_text().split() if word.startswith("/admin/jobs/"))
