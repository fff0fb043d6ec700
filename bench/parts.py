"""How much faster two slots read one big PDF than one slot does: `python -m bench.parts [PAGES] [ROUNDS]`.

Whole platforms are started in turn, with one slot and with two, and read the same file. The time is the job's own, from
its first claim to its end, by the database's clock.
"""

import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from bench.platforms import running_platform

LINES = 400
PASSWORD = "a password for measurements"


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for slots, found in times.items():
            found.append(read_once(pages, slots))
            print(f"{slots} slot{'s' * (slots > 1)}: {pages} pages in {found[-1]:.1f} s", flush=True)
    one, two = (statistics.median(found) for found in times.values())
    print(f"two slots {one / two:.2f}x one slot ({one:.1f} s and {two:.1f} s, medians of {rounds})")


def read_once(pages: int, slots: int) -> float:
    """Return the seconds a fresh platform with this many slots takes for the file."""
    with running_platform(slots) as address, signed_in(address) as client:
        answer = client.post("/documents", files={"file": ("big.pdf", big_pdf(pages))}).raise_for_status()
        url = answer.headers["Location"]
        job: dict[str, Any] = {"done": False}
        while not job["done"]:
            job = client.get(url, params={"wait": 30}).raise_for_status().json()
    if job["state"] != "succeeded":
        raise SystemExit(f"the job ended as {job['state']}: {job['error']}")
    started, finished = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


@contextmanager
def signed_in(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        account = {"email": "bench@example.org", "password": PASSWORD, "name": "Bench"}
        token = client.post("/register", json=account).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def big_pdf(pages: int) -> bytes:
    """Make a PDF whose pages are full of text."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(pages))
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number in range(1, pages + 1):
        said = b"".join(_line(number, line) for line in range(LINES))
        resources = b"/Resources << /Font << /F1 3 0 R >> >>"
        contents = len(objects) + 2
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s /Contents %d 0 R >>" % (resources, contents)
        )
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(said), said))
    return _file(objects)


def _line(number: int, line: int) -> bytes:
    return b"BT /F1 12 Tf 72 %d Td (page %d line %d of plain words) Tj ET " % (20 + 18 * line, number, line)


def _file(objects: list[bytes]) -> bytes:
    """Number the objects from 1 and put header, cross-reference table and trailer around them."""
    body, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, said in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj %s endobj\n" % (number, said)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(body)


if __name__ == "__main__":
    main()
