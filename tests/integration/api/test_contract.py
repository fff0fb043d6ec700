"""Every operation keeps the word that /openapi.json gives: generated requests, of which many name what is there."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.specs.openapi import checks
from sqlmodel import Session

from api import access_tokens
from shared.accounts import create_user
from shared.clock import now
from shared.models import Role, User, UserSession
from shared.passwords import get_hasher
from shared.settings import Settings
from tests.conftest import bench_for, fresh_database, settings_for
from tests.description import described
from tests.live import serving
from tests.pdf_files import table_pdf
from tests.work import PASSWORD, Bench
from worker.extraction.sandbox import Sandbox

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PDF = table_pdf()
MADE_ON_REQUEST = ("getPageImage", "getDocumentInformation")  # The request waits for a worker.


class World:
    """A real server with an administrator, who has one of everything, and a reader; `ids` are those of its things."""

    def __init__(self, wanted: Settings, bench: Bench, address: str) -> None:
        """Make the accounts."""
        self.address, self.bench = address, bench
        self._settings = wanted
        self._database = bench.database
        with self._database.unit_of_work() as session:
            self._people = {role: self._register(session, role) for role in Role}
        self.ids: dict[str, Any] = {"user_id": self._people[Role.USER].id, "number": 1}
        self.clients: dict[Role, requests.Session] = {}

    def renew(self) -> None:
        """Make whatever a former request has ended or deleted anew."""
        with self._database.unit_of_work() as session:
            self.clients = {role: self._sign_in(session, role) for role in Role}
        card = self._post("/documents", files={"file": ("report.pdf", PDF)})
        self.bench.run_all()
        self.ids |= {"document_id": card["id"], "job_id": card["job"]["id"]}
        self.ids["key_id"] = self._post("/api-keys", json={"name": "a key", "scopes": ["chat"]})["id"]
        message = {"recipient_id": self.ids["user_id"], "content": "Look!", "document_id": card["id"]}
        self._post("/messages", json=message)

    def _register(self, session: Session, role: Role) -> User:
        hasher = get_hasher(self._settings.bcrypt_rounds)
        return create_user(session, hasher, email=f"{role}@example.org", name=role, password=PASSWORD, role=role)

    def _sign_in(self, session: Session, role: Role) -> requests.Session:
        person = session.merge(self._people[role])
        signed_in = UserSession(user_id=person.id or 0, expires_at=now() + timedelta(days=1))
        session.add(signed_in)
        self.ids["session_id"] = str(signed_in.id)
        client = requests.Session()
        client.headers["Authorization"] = (
            f"Bearer {access_tokens.issue(self._settings, person, session_id=signed_in.id)}"
        )
        return client

    def _post(self, path: str, **given: Any) -> dict[str, Any]:
        answer = self.clients[Role.ADMIN].post(self.address + path, **given, timeout=30)
        answer.raise_for_status()
        card: dict[str, Any] = answer.json()
        return card


@pytest.fixture(scope="module")
def world(admin: psycopg.Connection, template: str, sandbox: Sandbox) -> Iterator[World]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(admin, template))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wanted = settings_for(url, "redis://127.0.0.1:1/0", data).model_copy(update={"rate_limits": "off"})
        bench = stack.enter_context(bench_for(wanted, sandbox))
        address = stack.enter_context(serving(wanted))
        yield World(wanted, bench, address)


SCHEMA: Any = openapi.from_dict(described())
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.timeout(300)
def test_operations_keep_their_word(world: World, name: str, request: pytest.FixtureRequest) -> None:
    world.renew()
    operation = OPERATIONS[name]
    kinds = [operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    examples = 60 if request.config.getoption("--faults") else 5

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=st.one_of(kinds), role=st.sampled_from(Role), data=st.data())
    def ask(case: Any, role: Role, data: st.DataObject) -> None:
        make_real(case, world.ids, data)
        answer = case.call_and_validate(world.address, world.clients[role], checks=CHECKS)
        assert answer.status_code != 500
        if answer.status_code == 200 and case.method == "GET":
            assert ("etag" in answer.headers) == ("304" in operation.definition.raw["responses"])

    with world.bench.working() if name in MADE_ON_REQUEST else nullcontext():
        ask()


def make_real(case: Any, ids: dict[str, Any], data: st.DataObject) -> None:
    """Name things that are there, as a rule, and wait for nothing."""
    if case.path_parameters and data.draw(st.integers(0, 3)):
        case.path_parameters.update({key: ids[key] for key in case.path_parameters if key in ids})
    if case.query and "wait" in case.query:
        case.query["wait"] = 0
    if isinstance(case.body, dict) and "file" in case.body and data.draw(st.booleans()):
        case.body["file"] = PDF
