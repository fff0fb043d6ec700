"""What is counted for metrics: all that ended, once, and nothing that may still be on its way."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shared import tallies
from shared.database import Database
from tests.population import Population


@pytest.fixture
def population(database: Database) -> Population:
    return Population(database)


def count(database: Database) -> int:
    with database.unit_of_work() as session:
        return tallies.count(session, late_s=0)


def told(database: Database, name: str, **labels: str) -> float:
    with database.unit_of_work() as session:
        found = tallies.tell(session)
    return sum(one.value for one in found if one.name == name and labels.items() <= one.labels.items())


def by_label(database: Database, name: str, label: str) -> Mapping[str, float]:
    with database.unit_of_work() as session:
        found = [one for one in tallies.tell(session) if one.name == name]
    return sum((Counter({one.labels[label]: int(one.value)}) for one in found), Counter())


def test_every_job_that_ended_is_counted_once(population: Population, database: Database) -> None:
    population.succeed("read", pages=3)
    assert count(database) == 1
    population.fail("failed")
    population.queue("queued")
    assert [count(database) for _ in range(2)] == [1, 0]
    assert by_label(database, "jobs_ended", "state") == {"succeeded": 1, "failed": 1}
    assert told(database, "job_errors", code="password_required") == 1


def test_what_ended_just_now_is_counted_later(population: Population, database: Database) -> None:
    population.succeed("read", pages=1)
    with database.unit_of_work() as session:
        assert tallies.count(session) == 0
    assert count(database) == 1


def test_nothing_is_counted_that_is_younger_than_what_still_writes(population: Population, database: Database) -> None:
    with database.unit_of_work() as slow:
        slow.execute(text("INSERT INTO turns (owner_id, lane, last_turn) VALUES (99, 0, 1)"))
        population.succeed("read", pages=1)
        assert count(database) == 0
    assert count(database) == 1


def test_two_who_count_at_the_same_moment_count_once(population: Population, database: Database) -> None:
    population.succeed("read", pages=1)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: count(database), range(2))) == [0, 1]
    assert told(database, "jobs_ended") == 1


def test_pages_are_counted_by_their_reader_and_by_why_they_failed(population: Population, database: Database) -> None:
    population.succeed("read", pages=4, failed=(2,))
    population.execute("UPDATE pages SET plain_because = 'odd' WHERE number = 3")
    count(database)
    assert by_label(database, "pages_read", "reader") == {"engine": 2, "pdfplumber": 1}
    assert told(database, "pages_failed", code="page_timeout") == 1


def test_attempts_deaths_and_lost_leases_are_counted(population: Population, database: Database) -> None:
    population.die("dead")
    population.crash("crashed")
    count(database)
    assert told(database, "leases_lost") == 3
    assert told(database, "attempts_ended", outcome="lost") == 3
    assert told(database, "sandbox_deaths", code="sandbox_crashed", signal="11") == 1


def test_durations_fall_into_their_buckets(population: Population, database: Database) -> None:
    population.succeed("read", pages=3)
    population.execute("UPDATE jobs SET created_at = finished_at - interval '7 s', started_at = finished_at")
    population.execute("UPDATE attempts SET started_at = ended_at - interval '6 s'")
    count(database)
    with database.unit_of_work() as session:
        found = {(one.name, one.labels.get("bucket")): one.value for one in tallies.tell(session)}
    assert found["job_seconds", tallies.WAITS.index(10)] == 1  # type: ignore[index]  # JSON keeps it as a number.
    assert found["page_seconds", tallies.PAGES.index(2.5)] == 3  # type: ignore[index]  # As above.
    assert (found["job_seconds_sum", None], found["page_seconds_sum", None]) == (7, 6)


def test_no_statement_reads_all_jobs_or_attempts(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        given = {"after": "2020-01-01", "until": "2020-01-02"}
        for name in ("ended", "gone_bad"):
            plan = session.execute(text(f"EXPLAIN {tallies.FOUND} SELECT * FROM {name}"), given).scalars().all()  # noqa: S608
            assert "Index" in "".join(plan)
            assert "Seq Scan" not in "".join(plan)
