"""What a mail server's answer means for one mail, and for those behind it (RFC 5321, section 4.2; RFC 3463)."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from shared.delivery import Reply

ENHANCED = re.compile(r"^(?P<code>[245]\.\d{1,3}\.\d{1,3})\s+")
MAX_WORDS = 500
# The server wants other credentials than ours, or any at all (RFC 4954): nothing is wrong with the mail.
OUR_CREDENTIALS = frozenset({530, 534, 535, 538})
# No such mailbox or host, or a mailbox that takes nothing any more (RFC 3463, section 3.2 and 3.3).
NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


class Step(Enum):
    """Where in the conversation an answer was given; DELIVERED is the one after the final dot."""

    GREETING = auto()
    SIGN_IN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    DATA = auto()
    DELIVERED = auto()


class Verdict(Enum):
    """What to do: nothing more, try later, give up; or leave the server alone, for now or until somebody helps."""

    SENT = auto()
    LATER = auto()
    REFUSED = auto()
    UNDECIDED = auto()
    SERVER_BUSY = auto()
    LOCKED_OUT = auto()


@dataclass(frozen=True)
class Answer:
    """A verdict with the words that led to it; `is_dead_address` when nobody will ever read mail there."""

    verdict: Verdict
    reply: Reply
    is_dead_address: bool = False


def judge(step: Step, code: int, said: bytes) -> Answer:
    """Return what an answer that is no success means."""
    reply = read_reply(code, said)
    return Answer(_verdict(step, code), reply, is_dead_address=_is_dead_address(step, reply))


def broken(step: Step, error: OSError) -> Answer:
    """Return what the end of a connection means: after the final dot nobody knows, before it nothing was sent."""
    reply = Reply(None, None, f"{type(error).__name__}: {error}"[:MAX_WORDS])
    if step is Step.DELIVERED:
        return Answer(Verdict.UNDECIDED, reply)
    return Answer(Verdict.SERVER_BUSY if step in (Step.GREETING, Step.SIGN_IN) else Verdict.LATER, reply)


def read_reply(code: int, said: bytes) -> Reply:
    """Return an answer without its line ends and control characters."""
    words = " ".join("".join(c if c.isprintable() else " " for c in said.decode("utf-8", "replace")).split())
    found = ENHANCED.match(words)
    if found is None:
        return Reply(code, None, words[:MAX_WORDS])
    return Reply(code, found["code"], words[found.end() :].replace(found[0], "")[:MAX_WORDS])


def _verdict(step: Step, code: int) -> Verdict:
    if code in OUR_CREDENTIALS:
        return Verdict.LOCKED_OUT
    if code == 421 or step is Step.GREETING:
        return Verdict.SERVER_BUSY
    is_temporary = code < 500 or (step is Step.RECIPIENT and code == 552)  # RFC 5321, section 4.5.3.1.10.
    if step is Step.SIGN_IN:
        return Verdict.SERVER_BUSY if is_temporary else Verdict.LOCKED_OUT
    return Verdict.LATER if is_temporary else Verdict.REFUSED


def _is_dead_address(step: Step, reply: Reply) -> bool:
    if step is not Step.RECIPIENT or reply.code is None or reply.code < 500:
        return False
    return reply.enhanced in NO_SUCH_ADDRESS if reply.enhanced else reply.code in (550, 553)
