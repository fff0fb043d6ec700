"""Work that raises what nobody foresaw: its part is tried again, unless somebody else has it."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session, select

from shared import lifecycle
from shared.claims import Claim, Failure
from shared.models import Part
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded
from worker.holding import Holder


class Clumsy(Holder[Claim]):
    """Raises something, perhaps after it has lost its part."""

    unexpected = Failure("internal_error", "Something went wrong.")
    patience_s = 5.0
    loses = False

    def _claim(self, session: Session, part_id: UUID, dispatch_seq: int) -> Claim | None:
        me = self._presence
        return lifecycle.claim(session, part_id, dispatch_seq, worker_id=me.worker_id, boot_id=me.boot_id)

    def _work(self, _held: Claim) -> str:
        if self.loses:
            self._transact(lambda session: session.execute(text("UPDATE parts SET attempt = attempt + 1")))
        raise RuntimeError


@pytest.mark.parametrize(("loses", "state"), [(False, "retry_wait"), (True, "running")])
def test_a_part_whose_work_raised_is_not_left_unanswered(
    client: TestClient, bench: Bench, *, loses: bool, state: str
) -> None:
    uploaded(sign_in(client), text_pdf())
    clumsy = Clumsy(bench.database, bench.presence)
    clumsy.loses = loses
    (bell,) = bench.dispatch()
    clumsy.look_at(bell.part_id, bell.dispatch_seq)
    with bench.database.unit_of_work() as session:
        assert session.exec(select(Part.state)).one() == state
