"""The web page's files: found under the address of their version, kept for ever, and under a strict policy."""

import gzip
import posixpath
import re

import pytest
from fastapi.testclient import TestClient

from tests.work import PASSWORD, sign_in

MODULE = re.compile(r'"modulepreload" href="([^"]+)"')
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def test_a_browser_gets_the_page_and_a_program_the_description(client: TestClient) -> None:
    page = client.get("/", headers=BROWSER)
    assert page.text.startswith("<!doctype html>")
    assert page.headers["cache-control"] == "no-cache"
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_the_page_may_load_nothing_but_its_own_files(client: TestClient) -> None:
    policy = client.get("/", headers=BROWSER).headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_the_description_of_the_api_loads_no_script_but_our_files(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("shell", ["/", "/docs"])
def test_all_that_a_page_names_is_there_and_kept_for_ever(client: TestClient, shell: str) -> None:
    page = client.get(shell, headers=BROWSER).text
    paths = re.findall(r"/ui/[0-9a-f]+/[\w./-]+", page)
    assert len(paths) > 3
    for path in paths:
        found = client.get(path)
        assert found.status_code == 200
        assert found.headers["cache-control"].endswith("immutable")


def test_a_page_names_all_modules_that_its_first_view_imports(client: TestClient) -> None:
    entrance = client.get("/", headers=BROWSER).text
    sign_in(client)
    client.post("/session", json={"email": "ada@example.org", "password": PASSWORD})
    home = client.get("/", headers=BROWSER).text
    assert [shell.count("views/sign_in.js") for shell in (entrance, home)] == [1, 0]
    for shell in (entrance, home):
        named = set(MODULE.findall(shell))
        for path in named:
            imported = re.findall(r'^import .* from "(.*)";$', client.get(path).text, re.MULTILINE)
            assert {posixpath.normpath(f"{posixpath.dirname(path)}/{name}") for name in imported} <= named


def test_files_are_compressed_for_who_understands_that(client: TestClient) -> None:
    path = re.findall(r"/ui/[0-9a-f]+/app.css", client.get("/", headers=BROWSER).text)[0]
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content


def test_files_of_another_version_are_not_mixed_in(client: TestClient) -> None:
    assert client.get("/ui/000000000000/js/app.js").json()["code"] == "no_such_file"
    page = client.get("/", headers=BROWSER).text
    digest = re.findall(r"/ui/([0-9a-f]+)/", page)[0]
    assert client.get(f"/ui/{digest}/../routes.py").status_code == 404
    assert client.get(f"/ui/{digest}/js/nothing.js").status_code == 404
