"""What answers look like on the wire: compressed where it is worth it and understood, each form under its own tag."""

import gzip

import pytest
from fastapi.testclient import TestClient

from api.conditional import ONE_PACKET, accepts_gzip
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded

PLAIN, COMPRESSED = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}


@pytest.fixture
def words(client: TestClient, bench: Bench) -> str:
    """Give the address of a page whose words are more than a packet."""
    document = uploaded(sign_in(client), text_pdf(text="words " * 40))
    bench.run_all()
    return f"/documents/{document['id']}/pages/1?include=words"


def test_a_large_answer_is_compressed_for_who_understands_that(client: TestClient, words: str) -> None:
    plain = client.get(words, headers=PLAIN)
    with client.stream("GET", words, headers=COMPRESSED) as answer:
        raw = b"".join(answer.iter_raw())
    assert len(plain.content) > ONE_PACKET > len(raw)
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers
    assert all("Accept-Encoding" in form.headers["vary"] for form in (plain, answer))


def test_each_form_has_a_tag_of_its_own(client: TestClient, words: str) -> None:
    plain, compressed = (client.get(words, headers=headers).headers["etag"] for headers in (PLAIN, COMPRESSED))
    assert plain != compressed
    assert client.get(words, headers={**COMPRESSED, "If-None-Match": compressed}).status_code == 304
    assert client.get(words, headers={**COMPRESSED, "If-None-Match": plain}).status_code == 200


@pytest.mark.parametrize("rest", ["", "/file"])
def test_small_answers_and_originals_are_sent_as_they_are(client: TestClient, words: str, rest: str) -> None:
    answer = client.get(words.split("/pages", maxsplit=1)[0] + rest, headers=COMPRESSED)
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("header", ["gzip", "br, GZIP", "gzip;q=0.5, identity", "deflate, gzip ; q=1.0"])
def test_who_accepts_gzip(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, br", "x-gzipped"])
def test_who_does_not_accept_gzip(header: str) -> None:
    assert not accepts_gzip(header)
