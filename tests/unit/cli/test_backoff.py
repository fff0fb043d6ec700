"""The delays before a process is started again."""

from cli.up.backoff import Backoff


def test_delays_double_up_to_half_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.delay_after(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_process_that_lived_long_enough_starts_over() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.delay_after(0.1)
    assert backoff.delay_after(10) == 1
