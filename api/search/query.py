"""What people type into a search box, read: words, "phrases", -without and begin*."""

import re
from dataclasses import dataclass

from shared.errors import InvalidField
from shared.terms import Place, is_spaceless, places

WISH = re.compile(r'(?P<without>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')
MAX_LENGTH = 200


@dataclass(frozen=True)
class Step:
    """One term of a needle, `offset` positions after its beginning; as a prefix it may go on."""

    offset: int
    term: str
    is_prefix: bool = False

    def __str__(self) -> str:
        return f"'{self.term}'{':*' if self.is_prefix else ''}"

    def fits(self, place: Place) -> bool:
        _, piece = place
        if self.is_prefix:
            return any(term.startswith(self.term) for term in piece.terms)
        return self.term in piece.terms


@dataclass(frozen=True)
class Needle:
    """What has to stand in one place: a word, or several in a row, over `width` positions."""

    steps: tuple[Step, ...]
    width: int

    def __str__(self) -> str:
        said, last = str(self.steps[0]), self.steps[0]
        for step in self.steps[1:]:
            said, last = f"{said} <{step.offset - last.offset}> {step}", step
        return f"({said})"

    def spans(self, found: list[Place]) -> list[tuple[int, int]]:
        """Return the slices of the text on which this stands, in order."""
        first, *others = self.steps
        begins = [at for at, place in enumerate(found[: len(found) - self.width + 1]) if first.fits(place)]
        stands = [at for at in begins if all(step.fits(found[at + step.offset]) for step in others)]
        return [_slice(found[at], found[at + self.width - 1]) for at in stands]


@dataclass(frozen=True)
class Query:
    """All of `wanted` have to be on a page, and none of `unwanted`."""

    wanted: tuple[Needle, ...]
    unwanted: tuple[Needle, ...]

    def tsquery(self) -> str:
        """Return this as Postgres's input for a tsquery."""
        return " & ".join([str(needle) for needle in self.wanted] + [f"!{needle}" for needle in self.unwanted])


def parse(text: str) -> Query:
    """Return what is searched for; raises InvalidField when there is nothing in it that a page could have."""
    wanted: list[Needle] = []
    unwanted: list[Needle] = []
    for wish in WISH.finditer(text):
        needle = _needle(wish["word"] if wish["phrase"] is None else wish["phrase"])
        if needle:
            (unwanted if wish["without"] else wanted).append(needle)
    if not wanted:
        said = "Say also what to look for; a search cannot only leave out." if unwanted else "There is no word in it."
        raise InvalidField("/q", f'{said} Write words, "a phrase", begin* or -without.')
    return Query(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _needle(text: str) -> Needle | None:
    """Return the needle of a word or phrase; what is one word to people may be several places, such as `e-mail`."""
    found = places(text)
    steps = [step for offset in range(len(found)) if (step := _step(found, offset))]
    if not steps:
        return None
    if text.rstrip().endswith("*"):
        last = steps[-1]
        steps[-1] = Step(last.offset, last.term, is_prefix=True)
    return Needle(tuple(steps), len(found))


def _step(found: list[Place], offset: int) -> Step | None:
    """Return a place's step; the last character of a run is in the pair before, and alone it begins any pair."""
    term = _plainest(found, offset)
    if len(term) == 1 and is_spaceless(term):
        before = _plainest(found, offset - 1) if offset else ""
        return None if len(before) == 2 and before[1] == term else Step(offset, term, is_prefix=True)
    return Step(offset, term) if term else None


def _plainest(found: list[Place], offset: int) -> str:
    _, piece = found[offset]
    return piece.terms[0] if piece.terms else ""


def _slice(first: Place, last: Place) -> tuple[int, int]:
    return first[0] + first[1].start, last[0] + last[1].end
