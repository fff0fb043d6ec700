"""Looks at everything there is to look at and says it in plain sentences, or as JSON."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.client.terminal import line
from cli.doctor import broker, exposure, machine, mail, packages, postgres, sandbox, storage
from cli.doctor.findings import Finding, fault, ok
from cli.operation import join_platform
from cli.up.environment import ROOT
from shared.settings import Settings, sentences

MARKS = {"ok": "ok     ", "warning": "WARNING", "fault": "FAULT  "}
Look = Callable[[Settings], Iterable[Finding]]
ALWAYS: tuple[Look, ...] = (
    lambda settings: exposure.look(settings, os.environ, ROOT, Path.cwd()),
    machine.look,
    storage.look,
    mail.look,
)


def doctor(*, as_json: bool) -> int:
    """Return 1 when something will not do; what might only be better is no reason."""
    join_platform()
    findings = []
    for finding in examine(os.environ):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    faults = sum(finding.state == "fault" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not faults, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print(f"doctor: {faults} faults in {len(findings)} findings" if faults else "doctor: ready to run")
    return int(bool(faults))


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found, the cheapest first; what needs settings waits until they can be used."""
    yield from packages.look(ROOT / "requirements.lock")
    yield from sandbox.look()
    try:
        settings = Settings(**_missing(environment))
    except ValidationError as error:
        yield from (fault("settings", said, "Change it in the environment or in .env.") for said in sentences(error))
        return
    yield ok("settings", "every setting can be used.")
    yield from postgres.look(settings) if "DATABASE_URL" in environment else postgres.look_for_embedded()
    yield from broker.look(settings) if "BROKER_URL" in environment else broker.look_for_embedded()
    for look in ALWAYS:
        yield from look(settings)


def _missing(environment: Mapping[str, str]) -> dict[str, Any]:
    """Stand in for what `./sheaf up` supplies when no stores of one's own are given."""
    supplied = {"broker_url": "redis://127.0.0.1"}
    if "DATABASE_URL" not in environment:
        supplied |= {"database_url": "postgresql://127.0.0.1", "secret_key": secrets.token_hex()}
    return {name: value for name, value in supplied.items() if name.upper() not in environment}


def _tell(finding: Finding) -> None:
    line(MARKS[finding.state], f"{finding.name}: {finding.said}")
    if finding.advice:
        line("       ", f"What to do: {finding.advice}")
    sys.stdout.flush()
