"""The Procfile, docker-compose.yml and the units of systemd start the same processes with the same commands."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.up.platform import GRACE_S, USUAL_GRACE_S
from cli.up.procfile import VARIABLE, parse_procfile
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
PROGRAMS = "/srv/sheaf/.venv/bin/"
DEFAULTED = re.compile(r"\$\{(\w+):-[^}]*\}")
BRACED = re.compile(r"\$\{(\w+)\}")
OURS = ("api", "worker", "mailer", "dispatcher", "flower", "migrate")
PROCFILE = parse_procfile((ROOT / "Procfile").read_text())
each_process = pytest.mark.parametrize("name", PROCFILE)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def unit(name: str) -> dict[str, str]:
    """Return the last value of each key of a unit, in which the drop-in of all of them wins."""
    files = (UNITS / f"sheaf-{name}.service", UNITS / "sheaf-.service.d" / "common.conf")
    lines = [line for file in files for line in file.read_text().splitlines() if "=" in line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


@each_process
def test_compose_runs_the_line_of_the_procfile_as_it_is(services: dict[str, dict[str, Any]], name: str) -> None:
    assert DEFAULTED.sub(r"$\1", services[name]["command"]) == PROCFILE[name]


@each_process
def test_systemd_runs_the_line_of_the_procfile_as_it_is(name: str) -> None:
    command = unit(name)["ExecStart"].removeprefix(PROGRAMS).replace("%%", "%")
    assert BRACED.sub(r"$\1", command) == PROCFILE[name]


@each_process
def test_every_supervisor_gives_a_process_the_same_time_to_stop(services: dict[str, dict[str, Any]], name: str) -> None:
    wanted = GRACE_S.get(name, USUAL_GRACE_S)
    assert float(unit(name)["TimeoutStopSec"]) == wanted
    assert float(services[name].get("stop_grace_period", "10s").removesuffix("s")) == wanted  # Ten are compose's own.


@each_process
def test_every_supervisor_sets_what_a_command_names(services: dict[str, dict[str, Any]], name: str) -> None:
    named = {found[1] or found[2] for found in VARIABLE.finditer(PROCFILE[name])}
    common = (UNITS / "sheaf-.service.d" / "common.conf").read_text()
    assert named <= set(services[name]["environment"])
    assert [variable for variable in named if f"{variable}=" not in common] == []


def test_the_target_wants_every_process() -> None:
    target = (UNITS / "sheaf.target").read_text()
    assert [name for name in PROCFILE if f"sheaf-{name}.service" not in target] == []


def test_both_migrate_with_the_command_line(services: dict[str, dict[str, Any]]) -> None:
    assert services["migrate"]["command"] == "python -m cli migrate"
    assert unit("migrate")["ExecStart"] == f"{PROGRAMS}python -m cli migrate"


def test_every_container_is_hardened_and_bounded(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["pids_limit"]
        assert service["mem_limit"]
        assert "privileged" not in service


def test_all_that_runs_on_is_asked_for_its_health(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]


def test_only_the_api_is_open_and_only_on_loopback_unless_told_otherwise(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api": ["${HOST:-127.0.0.1}:${PORT:-8000}:8000"]}


def test_no_container_runs_as_root(services: dict[str, dict[str, Any]]) -> None:
    assert re.search(r"^USER (?!root)\w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert all(service["image"] == "sheaf" for name, service in services.items() if name in OURS)
    assert [name for name, service in services.items() if name not in OURS and "user" not in service] == []


def test_the_example_of_settings_names_all_of_them() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name.upper() for name in Settings.model_fields} - named == set()
