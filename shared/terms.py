"""The terms under which a text is found: words without case and accents, and pairs of characters where no spaces are.

Pages and queries go through the same functions, so that what is found can also be pointed at. Chinese, Japanese,
Korean, Thai and their like are cut into overlapping pairs of characters, because nothing in the text says where a word
ends. Hebrew and Arabic are found in both directions: most PDFs have them in the order in which they are seen.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_CHARS = 2**16  # With MAX_TERM_CHARS it keeps a page below the 1 MiB of a tsvector, whatever the script.
MAX_PLACES = 16_000  # A tsvector counts positions up to 16,383 (PostgreSQL, section 8.11.1).
MAX_TERM_CHARS = 64
WIDE = (  # Their characters are all equally wide.
    "\u2e80-\u2fd5\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han and its radicals.
    "\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana.
    "\uac00-\ud7a3"  # Hangul, whose words carry their particles.
)
SPACELESS = WIDE + (
    "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer.
    "\uff66-\uff9f\u1100-\u11ff\u3130-\u318f"  # Half-width kana, letters of Hangul.
)
LEFTWARD = re.compile("[\u0590-\u08ff]")
ACCENTS = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d]"
)
STROKED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d"}
)


class Piece(NamedTuple):
    """One position: the terms that stand there, the plainest first, and which slice of its token it is."""

    start: int
    end: int
    terms: tuple[str, ...]


NOWHERE: tuple[str, ...] = ()
Place = tuple[int, Piece]  # Where the token begins in the text, and a piece of it.


def places(text: str) -> list[Place]:
    """Return the positions of a text in order; a word is one, as is each character of a script without spaces."""
    return [(match.start(), piece) for match in TOKEN.finditer(_covered(text)) for piece in _pieces(match.group())]


def as_tsvector(text: str, *, pieces: Iterable[str] = ()) -> str:
    """Return the terms of a text with their positions as Postgres's input for a tsvector.

    `pieces` are the same text cut into words in another way. Those that have a word which the text lacks follow it,
    each at a distance, so that no phrase goes from one into the next.
    """
    known = _without_codes(text[:MAX_CHARS])
    stands = [piece.terms for token in TOKEN.findall(known) for piece in _pieces(token)]
    for line in _others(known, map(_without_codes, pieces)):
        stands += [NOWHERE, *(piece.terms for token in TOKEN.findall(line) for piece in _pieces(token))]
    return " ".join([f"{term}:{n}" for n, terms in enumerate(stands[:MAX_PLACES], start=1) for term in terms])


def _without_codes(text: str) -> str:
    """Leave out the codes that pdfminer.six writes for signs whose letter the PDF does not tell; a bar parts words."""
    return CODE.sub("|", text) if "(cid:" in text else text


def _covered(text: str) -> str:
    """Put bars over those codes, so that everything else keeps its place."""
    return CODE.sub(lambda code: "|" * len(code.group()), text) if "(cid:" in text else text


def _others(text: str, pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces with words that stand nowhere in the text, as long as there is room for them."""
    known, room = frozenset(text.split()), MAX_CHARS - len(text)
    for piece in pieces:
        if not known.issuperset(piece.split()):
            room -= len(piece)
            if room < 0:
                return
            yield piece


def is_spaceless(term: str) -> bool:
    return RUN.match(term) is not None


def _pieces(token: str) -> tuple[Piece, ...]:
    return _known_pieces(token) if len(token) <= MAX_TERM_CHARS else _cut(token)


def _cut(token: str) -> tuple[Piece, ...]:
    """Return the places of what TOKEN finds, relative to its beginning."""
    if RUN.match(token):
        return _pairs(token)
    if "\n" in token:
        return _divided(token)
    return (Piece(0, len(token), _terms(token)),)


_known_pieces = lru_cache(maxsize=2**14)(_cut)  # Most words of a page stood on the page before.


def _terms(word: str) -> tuple[str, ...]:
    term = _fold(word)
    if not term:
        return ()
    return (term, term[::-1]) if LEFTWARD.search(term) else (term,)


def _fold(word: str) -> str:
    """Return a word without case, accents and what Postgres would take for its own signs."""
    if word.isascii():
        return word.lower()[:MAX_TERM_CHARS]
    decomposed = unicodedata.normalize("NFKD", word.casefold()).casefold()
    plain = unicodedata.normalize("NFKC", ACCENTS.sub("", decomposed).translate(STROKED))
    return "".join(c for c in plain if c.isalnum() or unicodedata.category(c)[0] == "M")[:MAX_TERM_CHARS]


def _divided(token: str) -> tuple[Piece, ...]:
    """Return the places of a word that is hyphenated at the end of a line: each piece is also found as the whole."""
    words = list(WORD.finditer(token))
    whole = _terms("".join(word.group() for word in words))
    return tuple(Piece(*word.span(), (*_terms(word.group()), *whole)) for word in words)


def _pairs(run: str) -> tuple[Piece, ...]:
    """Return each character's place: with its right neighbour it is a term, and the last one is one alone."""
    chars = [(offset, _fold_char(char)) for offset, char in enumerate(run) if not char.isspace()]
    following = [char for _, char in chars[1:]] + [""]
    return tuple(Piece(at, at + 1, (char + after,)) for (at, char), after in zip(chars, following, strict=True))


def _fold_char(char: str) -> str:
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 else char


def _marks() -> str:
    """Return the ranges of combining marks, which belong to words although `str.isalnum` leaves them out."""
    marks = [chr(code) for code in range(0x300, 0x1E00) if unicodedata.category(chr(code))[0] == "M"]
    return "".join(marks) + "\u00ad\u200c\u200d"


CODE = re.compile(r"\(cid:\d+\)")
RUN = re.compile(rf"[{SPACELESS}]")
LETTERS = rf"[^\W_{SPACELESS}]"
WORD = re.compile(rf"{LETTERS}+(?:[{_marks()}]+{LETTERS}*)*")
TOKEN = re.compile(rf"{WORD.pattern}(?:[-\u2010]\n{WORD.pattern})*|[{SPACELESS}](?:\s?[{SPACELESS}])*")
