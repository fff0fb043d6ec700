"""What the answers of mail servers mean."""

import pytest

from worker.emails.answers import Step, Verdict, broken, judge, read_reply


@pytest.mark.parametrize(
    ("step", "code", "verdict"),
    [
        (Step.GREETING, 421, Verdict.SERVER_BUSY),
        (Step.GREETING, 554, Verdict.SERVER_BUSY),
        (Step.SIGN_IN, 454, Verdict.SERVER_BUSY),
        (Step.SIGN_IN, 535, Verdict.LOCKED_OUT),
        (Step.SIGN_IN, 504, Verdict.LOCKED_OUT),
        (Step.SENDER, 530, Verdict.LOCKED_OUT),
        (Step.SENDER, 451, Verdict.LATER),
        (Step.RECIPIENT, 450, Verdict.LATER),
        (Step.RECIPIENT, 552, Verdict.LATER),
        (Step.RECIPIENT, 421, Verdict.SERVER_BUSY),
        (Step.RECIPIENT, 550, Verdict.REFUSED),
        (Step.DATA, 554, Verdict.REFUSED),
        (Step.DELIVERED, 452, Verdict.LATER),
        (Step.DELIVERED, 552, Verdict.REFUSED),
    ],
)
def test_each_answer_leads_to_one_verdict(step: Step, code: int, verdict: Verdict) -> None:
    assert judge(step, code, b"words").verdict is verdict


@pytest.mark.parametrize(
    ("step", "said", "is_dead"),
    [
        (Step.RECIPIENT, b"5.1.1 no such user", True),
        (Step.RECIPIENT, b"no such user", True),
        (Step.RECIPIENT, b"5.7.1 you are on a list", False),
        (Step.DATA, b"5.1.1 no such user", False),
    ],
)
def test_only_an_address_that_does_not_exist_is_dead(step: Step, said: bytes, *, is_dead: bool) -> None:
    assert judge(step, 550, said).is_dead_address is is_dead


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (Step.GREETING, Verdict.SERVER_BUSY),
        (Step.RECIPIENT, Verdict.LATER),
        (Step.DATA, Verdict.LATER),
        (Step.DELIVERED, Verdict.UNDECIDED),
    ],
)
def test_only_after_the_data_a_lost_connection_leaves_it_undecided(step: Step, verdict: Verdict) -> None:
    assert broken(step, ConnectionResetError("gone")).verdict is verdict


def test_words_are_kept_without_line_ends_and_controls() -> None:
    reply = read_reply(550, b"5.1.1 no\r\n5.1.1 such\x07 user\xff")
    assert (reply.code, reply.enhanced, reply.words) == (550, "5.1.1", "no such user\ufffd")
    assert str(reply) == "550 5.1.1 no such user\ufffd"
