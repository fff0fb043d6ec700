"""The embedded platform put together: stores first, then migrations, then every line of the Procfile."""

import os
import secrets
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from cli.up.data import SYSTEM_HOME, DataDirectory
from cli.up.environment import ROOT, number, with_programs
from cli.up.errors import UpError
from cli.up.interrupts import Interrupts
from cli.up.listener import address_of, open_listener
from cli.up.log import Log
from cli.up.postgres import prepare_postgres
from cli.up.process import Command
from cli.up.procfile import arguments, parse_procfile
from cli.up.readiness import ReadinessProbe
from cli.up.supervisor import StopAsked, Supervisor
from cli.up.valkey import prepare_valkey

DEFAULT_PORT = 8000
GRACE_S = {"worker": 20.0, "mailer": 20.0}
USUAL_GRACE_S = 10.0
SERVED = "api"  # The line of the Procfile that gets the listening socket.
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"  # Where several API processes keep their numbers for one another.
AFTER_READY = ("flower", "mailer")  # Nobody waits for them, so they do not slow down the others' start.
NOTED = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "PORT", "SHEAF_DATA", "FLOWER_PORT", "FLOWER_BASIC_AUTH")


@dataclass(frozen=True)
class Running:
    """A platform that is ready: where it is, and how to end it from another thread."""

    address: str
    data: Path
    stop: Callable[[], None]


class Platform:
    """One installation on one data directory; `run` returns when it was told to stop."""

    def __init__(
        self, environment: dict[str, str], log: Log, *, procfile: Path = ROOT / "Procfile", migrates: bool = True
    ) -> None:
        """Read the plan; nothing starts yet."""
        self._environment = dict(environment)
        self._log = log
        self._procfile = procfile
        self._migrates = migrates

    def run(self, on_ready: Callable[[Running], None]) -> int:
        """Run until a signal; `on_ready` gets its own thread once everything can work. Return the exit code."""
        os.umask(0o077)  # Uploads and secrets are nobody else's business.
        try:
            with ExitStack() as stack:
                data = DataDirectory(Path(self._environment["SHEAF_DATA"]))
                stack.enter_context(data.lock())
                interrupts = stack.enter_context(Interrupts())
                self._supervise(data, interrupts, on_ready)
        except StopAsked:
            return 0
        except UpError as error:
            print(f"sheaf: {error}", file=sys.stderr)
            return error.exit_code
        return 0

    def _supervise(self, data: DataDirectory, interrupts: Interrupts, on_ready: Callable[[Running], None]) -> None:
        host = self._environment.setdefault("HOST", "127.0.0.1")
        port = number(self._environment, "PORT", default=DEFAULT_PORT, smallest=0)
        supervisor = Supervisor(self._log, interrupts)
        with open_listener(host, port) as listener:
            self._environment["PORT"] = str(listener.getsockname()[1])
            try:
                self._start_stores(data, supervisor)
                self._complete_environment(data)
                data.note_running({name: self._environment[name] for name in NOTED if name in self._environment})
                if self._migrates:
                    supervisor.run_once(self._command("migrate", (sys.executable, "-P", "-m", "cli", "migrate")))
                commands = self._processes(listener.fileno(), metrics=data.empty("metrics"))
                for command in commands:
                    if command.name not in AFTER_READY:
                        supervisor.add(command)
                probe = ReadinessProbe(address_of(listener, host), self._log, on_ready=interrupts.wake)
                supervisor.run_until(lambda: probe.is_ready)
                for command in commands:
                    if command.name in AFTER_READY:
                        supervisor.add(command)
                supervisor.is_settled = True
                running = Running(address_of(listener, host), data.path, interrupts.ask_to_stop)
                threading.Thread(target=on_ready, args=(running,), daemon=True).start()
                supervisor.run_until(lambda: False)
            finally:
                self._log.say("stopping")
                supervisor.stop()
                data.forget_running()

    def _start_stores(self, data: DataDirectory, supervisor: Supervisor) -> None:
        if "DATABASE_URL" not in self._environment:
            self._start_postgres(data, supervisor)
            self._environment.setdefault("SECRET_KEY", data.secret("secret-key"))
        if "BROKER_URL" not in self._environment:
            self._start_valkey(data, supervisor)

    def _start_postgres(self, data: DataDirectory, supervisor: Supervisor) -> None:
        folder = data.cluster(for_other_account=os.geteuid() == 0)
        if SYSTEM_HOME in folder.parents:
            self._log.say(f"the database is kept in {folder}: its account may not enter {data.path}")
        if not folder.exists():
            self._log.say("making the database cluster")
        cluster = prepare_postgres(folder, port=data.port("postgres"), password=data.secret("postgres"))
        supervisor.add(cluster.command())
        supervisor.run_until(cluster.is_ready)
        self._environment["DATABASE_URL"] = cluster.url

    def _start_valkey(self, data: DataDirectory, supervisor: Supervisor) -> None:
        server = prepare_valkey(data.path / "valkey", port=data.port("valkey"), password=data.secret("valkey"))
        supervisor.add(server.command())
        supervisor.run_until(server.is_ready)
        self._environment["BROKER_URL"] = server.url

    def _complete_environment(self, data: DataDirectory) -> None:
        environment = self._environment
        environment.setdefault("WORKER_CONCURRENCY", str(os.cpu_count() or 1))
        environment.setdefault("MAILER_CONCURRENCY", "2")
        environment.setdefault("FLOWER_BASIC_AUTH", f"sheaf:{secrets.token_urlsafe(32)}")
        environment.setdefault("FLOWER_DB", str(data.path / "flower"))
        if "FLOWER_PORT" not in environment:
            environment["FLOWER_PORT"] = str(data.port("flower"))

    def _processes(self, listener: int, *, metrics: Path) -> list[Command]:
        copies = number(self._environment, "WEB_CONCURRENCY", default=1, smallest=1)
        commands: list[Command] = []
        for name, line in parse_procfile(self._procfile.read_text()).items():
            argv = arguments(line, self._environment)
            if name != SERVED:
                commands.append(self._command(name, argv))
                continue
            if copies == 1:
                commands.append(self._command(name, argv, listener=listener))
                continue
            alike = self._command(name, argv, listener=listener)
            together = {**alike.env, SHARED_METRICS: str(metrics)}
            commands += [replace(alike, name=f"{name}.{index}", env=together) for index in range(1, copies + 1)]
        return commands

    def _command(self, name: str, argv: tuple[str, ...], *, listener: int | None = None) -> Command:
        return Command(
            name=name,
            argv=argv,
            env=with_programs(self._environment),
            cwd=self._procfile.parent,
            listener=listener,
            grace_s=GRACE_S.get(name, USUAL_GRACE_S),
        )
