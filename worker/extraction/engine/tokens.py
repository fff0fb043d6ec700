"""The tokens of content streams as pdfminer's parser sees them, found by one regular expression.

pdfminer reads a stream in buffers of 4,096 bytes and walks through each byte by byte, one state a token (psparser.py,
`PSBaseParser`; pdfinterp.py, `PDFContentParser`). What it makes of damaged syntax is part of its results and is done
here in the same way; a page on which a token runs from one stream into the next is left to it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pdfminer.pdftypes import LITERALS_ASCII85_DECODE, PDFStream, resolve1
from pdfminer.psparser import KWD, LIT, PSLiteral, literal_name
from pdfminer.utils import choplist

from worker.extraction.engine import Unsupported

BUFFER_BYTES = 4096  # pdfminer's PSBaseParser.BUFSIZ.
MAX_NUMBERS = 200_000
MAX_NAMES = 10_000
MAX_CODE = 255  # The largest character code that an octal escape may give.

END = rb"#/%\[\]()<>{}\s"  # What ends a keyword or a name.
NUMBER = rb"(?:[-+]?\d{1,40}(?:\.\d*)?|[-+]?\.\d+)"  # Those that are certainly numbers.
LOOSE_NUMBER = rb"[-+\d]\d*(?:\.\d*)?|\.\d*"
INSIDE_PARENS = rb"[^()\\]*(?:\\.[^()\\]*)*"
INSIDE_ANGLES = rb"[0-9a-fA-F\s]*"
SPACING = rb"[-+.\d\s]*"
TOKEN: Final = re.compile(
    rb"""(?xs) [\s\x00]*+ (?:
      (?P<path> (?: (?>%(number)s\s+){2} (?: [ml] | (?>%(number)s\s+){4}c ) \s++ ){3,}+ )
    | (?P<numbers> (?:%(number)s\s+){0,8} ) (?P<keyword> [A-Za-z][^%(end)s]* )
    | \( (?P<text> %(parens)s ) \) (?P<show> \s*Tj(?![^%(end)s]) )?
    | \[ (?P<array> %(spacing)s (?: (?: \(%(parens)s\) | <%(angles)s>(?!>) ) %(spacing)s )* ) \]
      (?P<show_array> \s*TJ(?![^%(end)s]) )?
    | (?P<tag> /[^%(end)s]*+\s*<<\s*/MCID\s++\d++\s*>>\s*BDC(?![^%(end)s]) )
    | / (?P<name> [^%(end)s]* ) (?= [/%%\[\]()<>{}\s] )
    | (?P<number> %(loose)s )
    | (?P<dict> << | >> | > )
    | < (?P<hex> %(angles)s ) (?= [^0-9a-fA-F\s] )
    | (?P<comment> %%[^\r\n]* )
    | (?P<byte> [^\s\x00] )
    | (?P<nothing> \Z )
    )"""
    % {
        b"number": NUMBER,
        b"loose": LOOSE_NUMBER,
        b"end": END,
        b"parens": INSIDE_PARENS,
        b"angles": INSIDE_ANGLES,
        b"spacing": SPACING,
    }
)
(
    PATH, NUMBERS, KEYWORD, TEXT, SHOW, ARRAY, SHOW_ARRAY, TAG, NAME, LONE_NUMBER, DICT, HEX, COMMENT, BYTE, NOTHING,
) = TOKEN.groupindex.values()  # fmt: skip
PATH_ITEM: Final = re.compile(rb"(\S+)\s+(\S+)\s+([mlc])\s")
ARRAY_ITEM: Final = re.compile(rb"(?s)\((%s)\)|<(%s)>|(%s)" % (INSIDE_PARENS, INSIDE_ANGLES, LOOSE_NUMBER))
ESCAPE: Final = re.compile(rb"(?s)\\(?:([0-7]{1,3})|\r\n|(.))")
ESCAPED: Final = {b"b": b"\b", b"t": b"\t", b"n": b"\n", b"f": b"\f", b"r": b"\r", b"(": b"(", b")": b")", b"\\": b"\\"}
PAREN_OR_ESCAPE: Final = re.compile(rb"[()\\]")
NAME_BREAK: Final = re.compile(rb"[%s]" % END)
NAME_CODE: Final = re.compile(rb"[0-9a-fA-F]{0,2}")
SPACES: Final = b" \t\n\r\x0b\x0c"
NOT_OPERATORS: Final = frozenset((b"true", b"false", b"BI", b"ID"))
QUOTES: Final = frozenset((b"'", b'"'))


class Numbers(dict[bytes, float | int | None]):
    """What a token is as a number; None for what pdfminer drops, such as a lone sign."""

    def __missing__(self, token: bytes) -> float | int | None:
        if len(self) > MAX_NUMBERS:
            self.clear()
        try:
            value = float(token) if b"." in token else int(token)
        except ValueError:
            value = None
        self[token] = value
        return value


class Literals(dict[bytes, PSLiteral]):
    """The name that a token is."""

    def __missing__(self, token: bytes) -> PSLiteral:
        if len(self) > MAX_NAMES:
            self.clear()
        literal = self[token] = LIT(decoded(token))
        return literal


NUMBER_OF: Final = Numbers()
LITERAL_OF: Final = Literals()
PATH_PARTS: Final = b"path parts"  # No keyword has a blank in it.


class ContentTokens:
    """The operators of a page's content streams; `operands` holds what came before each.

    Whoever takes an operator takes its operands off the end of the list; what is left stays for later ones, as in
    pdfminer.
    """

    def __init__(self, streams: Sequence[PDFStream]) -> None:
        """Read the streams as one: a container that begins in one may end in the next.

        `_base` is where pdfminer's buffers count from, `_resume` where to read on after a token that is not TOKEN's.
        """
        self.operands: list[Any] = []
        self._streams = streams
        self._data, self._base, self._is_last = b"", 0, True
        self._into = self.operands
        self._within = ""  # The innermost open container: "array", "dict", "image", or none.
        self._outer: list[tuple[str, list[Any]]] = []

    def operators(self) -> Iterator[bytes]:  # noqa: C901, PLR0912 — The hot loop has a branch a kind of token.
        """Yield each operator; raises Unsupported, and what pdfminer raises for damaged syntax and filters.

        Three or more parts of a path come as one, `PATH_PARTS`, with the bytes that draw them as its operand.
        """
        number_of, literal_of = NUMBER_OF, LITERAL_OF
        last = len(self._streams) - 1
        for number, stream in enumerate(self._streams):
            self._data, self._is_last, self._base = stream.get_data(), number == last, 0
            self._resume: int | None = 0
            while self._resume is not None:
                tokens, self._resume = TOKEN.finditer(self._data, self._resume), None
                for match in tokens:
                    kind, into = match.lastindex, self._into
                    if kind == KEYWORD:
                        numbers, keyword = match.group(NUMBERS, KEYWORD)
                        if numbers:
                            into.extend([number_of[number] for number in numbers.split()])
                        if not self._within and keyword not in NOT_OPERATORS:
                            yield keyword
                            continue
                    elif kind == NAME:
                        into.append(literal_of[match.group(NAME)])
                        continue
                    elif kind == SHOW_ARRAY:
                        into.append(self._array(match))
                        if not self._within:
                            yield b"TJ"
                            continue
                    elif kind == SHOW:
                        into.append(self._text(match))
                        if not self._within:
                            yield b"Tj"
                            continue
                    elif kind == PATH and not self._within:
                        into.append(match.group(PATH))
                        yield PATH_PARTS
                        continue
                    elif kind == TAG and not self._within:
                        continue  # It marks what follows, and its operands are used up.
                    if operator := self._rare(kind, match):
                        yield operator
                    if self._resume is not None:
                        break

    def _rare(self, kind: int | None, match: re.Match[bytes]) -> bytes | None:  # noqa: C901 — A branch a kind.
        """Take any other token, or an operator within a container, and return the operator that it is, if any."""
        if kind == TEXT:
            self._into.append(self._text(match))
        elif kind == LONE_NUMBER:
            if (value := NUMBER_OF[match.group(LONE_NUMBER)]) is not None:
                self._into.append(value)
        elif kind == ARRAY:
            self._into.append(self._array(match))
        elif kind == HEX:
            self._into.append(from_hex(match.group(HEX)))
        elif kind == DICT:
            self._angles(match)
        elif kind == KEYWORD:
            return self._word(match.group(KEYWORD), match.end())
        elif kind == BYTE:
            return self._byte(match.group(BYTE), match.start(BYTE))
        elif kind in {SHOW, SHOW_ARRAY}:
            self._into.append(KWD(b"Tj" if kind == SHOW else b"TJ"))
        elif kind in {PATH, TAG}:
            raise Unsupported("operators within a container")
        return None

    def _word(self, word: bytes, end: int) -> bytes | None:
        if word in (b"true", b"false"):
            self._into.append(word == b"true")
        elif word == b"BI":
            self._open("image")
        elif word == b"ID":
            return self._image(end + 1) if self._within == "image" else None
        else:
            self._into.append(KWD(word))
        return None

    def _angles(self, match: re.Match[bytes]) -> None:
        angles = match.group(DICT)
        if angles == b"<<":
            self._open("dict")
        elif angles == b">>" and self._within == "dict":
            items = self._close()
            if len(items) % 2:
                raise Unsupported("a dictionary of an odd length")
            self._into.append({literal_name(key): value for key, value in choplist(2, items) if value is not None})
        elif angles == b">" and match.end() == len(self._data) and not self._is_last:
            raise Unsupported("a token over two streams")

    def _byte(self, byte: bytes, at: int) -> bytes | None:
        if byte in b"(/<":
            self._slow(byte, at)
        elif byte == b"[":
            self._open("array")
        elif byte == b"]":
            if self._within == "array":
                items = self._close()
                self._into.append(items)
        elif byte in b"{}":
            raise Unsupported("a procedure")
        elif self._within:
            self._into.append(KWD(byte))
        elif byte in QUOTES:
            return byte
        return None

    def _open(self, kind: str) -> None:
        self._outer.append((self._within, self._into))
        self._within, self._into = kind, []

    def _close(self) -> list[Any]:
        items = self._into
        self._within, self._into = self._outer.pop()
        return items

    def _slow(self, byte: bytes, at: int) -> None:
        """Read a text with parentheses in it, a name with codes in it, or what does not end with the stream."""
        found: tuple[bytes | PSLiteral, int] | None = None
        if byte == b"(":
            found = self._nested_text(at + 1)
        elif byte == b"/":
            found = self._coded_name(at + 1)
        if found is not None:
            value, self._resume = found
            self._into.append(value)
        elif self._is_last:
            self._resume = len(self._data)  # pdfminer drops a token that does not end.
        else:
            raise Unsupported("a token over two streams")

    def _nested_text(self, at: int) -> tuple[bytes, int] | None:
        data, depth, text = self._data, 1, bytearray()
        while found := PAREN_OR_ESCAPE.search(data, at):
            text += data[at : found.start()]
            if found.group() == b"\\":
                if (escape := ESCAPE.match(data, found.start())) is None:
                    return None
                text += _meaning(escape, -self._base)
                at = escape.end()
                continue
            depth += 1 if found.group() == b"(" else -1
            at = found.end()
            if not depth:
                return bytes(text), at
            text += found.group()
        return None

    def _coded_name(self, at: int) -> tuple[PSLiteral, int]:
        data, name = self._data, bytearray()
        while found := NAME_BREAK.search(data, at):
            name += data[at : found.start()]
            at = found.start()
            if found.group() != b"#":
                return LIT(decoded(bytes(name))), at
            code = NAME_CODE.match(data, at + 1)
            at = code.end() if code else at + 1
            if at >= len(data):
                raise Unsupported("a name that ends with its stream")
            if code and code.group():
                name.append(int(code.group(), 16))
        name += data[at:]
        if not name:
            raise Unsupported("a name that ends with its stream")
        return LIT(decoded(bytes(name))), len(data)

    def _text(self, match: re.Match[bytes]) -> bytes:
        text = match.group(TEXT)
        return unescaped(text, match.start(TEXT) - self._base) if b"\\" in text else text

    def _array(self, match: re.Match[bytes]) -> list[Any]:
        items: list[Any] = []
        body, start = match.group(ARRAY), match.start(ARRAY) - self._base
        if b"\\" not in body:
            for text, digits, number in ARRAY_ITEM.findall(body):
                if not number:
                    items.append(from_hex(digits) if digits else text)
                elif (value := NUMBER_OF[number]) is not None:
                    items.append(value)
            return items
        for item in ARRAY_ITEM.finditer(body):
            text, digits, number = item.groups()
            if text is not None:
                items.append(unescaped(text, start + item.start(1)) if b"\\" in text else text)
            elif digits is not None:
                items.append(from_hex(digits))
            elif (value := NUMBER_OF[number]) is not None:
                items.append(value)
        return items

    def _image(self, start: int) -> bytes | None:
        """Take an inline image: push it, skip its data, and return the operator that draws it.

        Data in ASCII85 end with a mark of their own, after which EI still stands in the stream.
        """
        items = self._close()
        if len(items) % 2:
            return None
        facts = {literal_name(key): resolve1(value) for key, value in choplist(2, items)}
        if self._within:
            raise Unsupported("an inline image within a container")
        filters = facts.get("F")
        if isinstance(filters, PSLiteral):
            filters = [filters]
        is_ascii85 = filters is not None and filters[0] in LITERALS_ASCII85_DECODE
        end = self._image_end(start, b"~>" if is_ascii85 else b"EI")
        if end is None:
            if not self._is_last:
                raise Unsupported("an inline image over two streams")
            self._resume = len(self._data)
            return None
        self._base, self._resume = start, end
        self._into.append(PDFStream(facts, b""))
        return None if is_ascii85 else b"EI"

    def _image_end(self, at: int, mark: bytes) -> int | None:
        """Return the position after the mark and one blank, as `get_inline_data` finds them.

        It takes the byte after half a mark without looking whether a mark begins there.
        """
        data: bytes = self._data
        while 0 <= (found := data.find(mark[:1], at)) < len(data) - 2:
            if data[found + 1] != mark[1]:
                at = found + 2
            elif data[found + 2 : found + 3].isspace():
                return found + 3
            else:
                at = found + 3
        return None


def decoded(name: bytes) -> str | bytes:
    try:
        return str(name, "utf-8")
    except UnicodeDecodeError:
        return name


def unescaped(text: bytes, at: int = 1) -> bytes:
    """Return the text without its escapes; `at` is where it begins, counted from pdfminer's first buffer."""
    return ESCAPE.sub(lambda escape: _meaning(escape, at), text)


def _meaning(escape: re.Match[bytes], at: int) -> bytes:
    """Return what an escape stands for; one that is not defined stands for nothing.

    pdfminer drops CR LF after a backslash, but keeps the LF if its buffer ends between the two.
    """
    octal, byte = escape.groups()
    if octal:
        if (code := int(octal, 8)) > MAX_CODE:
            raise Unsupported("an octal code above 255")
        return bytes((code,))
    if byte is None:
        line_feed = at + escape.start() + 2
        return b"\n" if line_feed % BUFFER_BYTES == 0 else b""
    return ESCAPED.get(byte, b"")


def from_hex(digits: bytes) -> bytes:
    """Return the bytes; a single last digit is a byte of its own, where PDF would add a 0 behind it."""
    digits = digits.translate(None, SPACES)
    if len(digits) % 2:
        digits = digits[:-1] + b"0" + digits[-1:]
    return bytes.fromhex(digits.decode())


def path_parts(path: bytes) -> tuple[str, list[tuple[float, float]]]:
    """Return the operators of such a path, a letter each, and where each leads to."""
    parts = PATH_ITEM.findall(path)
    number_of: Any = NUMBER_OF
    return str(b"".join([letter for _, _, letter in parts]), "ascii"), [
        (float(number_of[x]), float(number_of[y])) for x, y, _ in parts
    ]
