"""A worker's leases: renewed together, and lost when another attempt has the part."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import select

from shared import lifecycle, recovery
from shared.claims import Claim
from shared.lifecycle import FencedOut
from shared.models import Part
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded
from worker.leases import Leases


@pytest.fixture
def held(client: TestClient, bench: Bench) -> Claim:
    uploaded(sign_in(client), text_pdf())
    (bell,) = bench.dispatch()
    with bench.database.unit_of_work() as session:
        claim = lifecycle.claim(session, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=uuid4())
    assert claim is not None
    return claim


def test_a_held_lease_is_renewed(bench: Bench, held: Claim) -> None:
    leases = Leases(bench.database)
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET lease_until = now() - interval '1 s'"))
    with leases.hold(held) as lease:
        leases.renew()
        lease.check()
    assert recovery.reap(bench.database) == 0
    with bench.database.unit_of_work() as session:
        assert session.exec(select(Part.state)).one() == "running"


def test_a_lease_that_went_to_another_attempt_shows(bench: Bench, held: Claim) -> None:
    leases = Leases(bench.database)
    with leases.hold(held) as lease:
        with bench.database.unit_of_work() as session:
            session.execute(text("UPDATE parts SET attempt = attempt + 1"))
        leases.renew()
        with pytest.raises(FencedOut):
            lease.check()
