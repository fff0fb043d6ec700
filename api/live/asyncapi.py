"""The description of the live connection as AsyncAPI 3.1, made from the frames, and a page that shows it."""

import json
from functools import cache
from html import escape
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.live.frames import FROM_CLIENTS, TO_CLIENTS, Frame

VERSION = "0.1.0"
ABOUT = (
    "Frames are JSON text messages of at most 64 kB. Open `/ws` with `Authorization: Bearer`, with the page's cookie,"
    " or with `hello` as the first frame, within 10 s; never with a token in the address. At most 20 frames a second"
    " after 60 at once, and 10 connections a user. After a cut come back with `hello` and `after`: nothing is missed."
)
CLOSE_CODES = {
    1009: "A frame over 64 kB.",
    1012: "The server restarts: come back.",
    1013: "Not available or full at the moment: come back after a while.",
    4401: "No valid access token, or it ended: refresh it, then come back.",
    4408: "Too slow, or no hello within 10 s: come back, with `after`.",
    4429: "Too many frames or connections: come back more slowly.",
    4500: "Frames that are none: stay away, this client has a fault.",
    4501: "Another version is spoken here: load the page again.",
    4503: "The path or token is somebody else's, or the page is of a foreign origin: stay away.",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sheaf: the live connection</title>
<style>body{{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}}
pre{{overflow:auto;padding:.6rem;background:#8882;border-radius:4px}}
td{{padding:.1rem .8rem .1rem 0;vertical-align:top}}
</style><h1>The live connection</h1><p>{about}</p><p>For programs: <a href="/asyncapi.json">asyncapi.json</a>.</p>
<h2>What you send</h2>{from_clients}<h2>What you hear</h2>{to_clients}
<h2>Why it closes</h2><table>{codes}</table></html>"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"  # It has no script.
router = APIRouter(include_in_schema=False)


@router.get("/asyncapi.json")
def get_asyncapi() -> Response:
    return Response(_described(), media_type="application/json")


@router.get("/docs/live")
def get_page() -> HTMLResponse:
    return HTMLResponse(_page(), headers={"Content-Security-Policy": POLICY})


def describe() -> dict[str, Any]:
    """Return the AsyncAPI document; every schema that frames share stands among the components."""
    schemas: dict[str, Any] = {}
    for frame in (*FROM_CLIENTS, *TO_CLIENTS):
        schema = frame.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[frame.__name__] = schema
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Sheaf: the live connection", "version": VERSION, "description": _about()},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/ws",
                "description": "`/ws/{user_id}` is the same, for the user who is signed in. A client that is known by"
                " header or cookie goes on with `?after=` and the number of the last event it had.",
                "messages": {name: _reference("components/messages", name) for name in _names()},
            }
        },
        "operations": {
            "fromClient": _operation("receive", FROM_CLIENTS),
            "toClient": _operation("send", TO_CLIENTS),
        },
        "components": {
            "messages": {frame.__name__: _message(frame) for frame in (*FROM_CLIENTS, *TO_CLIENTS)},
            "schemas": schemas,
        },
    }


def _names() -> list[str]:
    return [frame.__name__ for frame in (*FROM_CLIENTS, *TO_CLIENTS)]


def _about() -> str:
    codes = "\n".join(f"- {code}: {why}" for code, why in CLOSE_CODES.items())
    return f"{ABOUT}\n\nClose codes:\n\n{codes}\n\n4000 to 4499 mean to come back, 4500 to 4999 to stay away."


def _operation(action: str, frames: tuple[type[Frame], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [_reference("channels/live/messages", frame.__name__) for frame in frames],
    }


def _message(frame: type[Frame]) -> dict[str, Any]:
    return {
        "name": frame.example["type"],
        "summary": _summary(frame),
        "contentType": "application/json",
        "payload": _reference("components/schemas", frame.__name__),
        "examples": [{"payload": frame.example}],
    }


def _reference(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}


def _summary(frame: type[Frame]) -> str:
    return " ".join((frame.__doc__ or "").split())


@cache
def _described() -> bytes:
    return json.dumps(describe()).encode()


@cache
def _page() -> str:
    codes = "".join(f"<tr><td>{code}<td>{escape(why)}" for code, why in CLOSE_CODES.items())
    from_clients, to_clients = "".join(map(_shown, FROM_CLIENTS)), "".join(map(_shown, TO_CLIENTS))
    return PAGE.format(about=escape(ABOUT), codes=codes, from_clients=from_clients, to_clients=to_clients)


def _shown(frame: type[Frame]) -> str:
    example = escape(json.dumps(frame.example, indent=1, ensure_ascii=False))
    return f"<h3>{frame.example['type']}</h3><p>{escape(_summary(frame))}</p><pre>{example}</pre>"
