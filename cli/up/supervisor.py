"""The supervisor: keeps every process running, and stops them in order."""

import time
from collections.abc import Callable

from cli.up.backoff import Backoff
from cli.up.errors import ProcessFailed
from cli.up.interrupts import Interrupts
from cli.up.log import Log
from cli.up.process import Child, Command

EX_CONFIG = 78  # sysexits.h; a process that ends with it says that starting it again changes nothing.
FAILED_STARTS_ALLOWED = 4
STARTING_TURN_S = 0.05
SETTLED_TURN_S = 0.5  # Signals and ended children wake us at once; this only paces the restarts.
HURRIED_GRACE_S = 5


class StopAsked(Exception):
    """A signal or the program asked the platform to stop."""


class Service:
    """A command that is kept running: a child, or the time of the next start."""

    def __init__(self, command: Command) -> None:
        """Be due at once."""
        self.command = command
        self.backoff = Backoff()
        self.child: Child | None = None
        self.due_at = 0.0

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.exit_code() is None


class Supervisor:
    """Runs in the main thread; every method that waits raises StopAsked when a signal came."""

    def __init__(self, log: Log, interrupts: Interrupts) -> None:
        """Begin with no processes; until `is_settled`, a process that keeps failing ends everything."""
        self._log = log
        self._interrupts = interrupts
        self._services: list[Service] = []
        self.is_settled = False

    def add(self, command: Command) -> None:
        """Start this command and keep it running."""
        service = Service(command)
        self._services.append(service)
        self._start(service)

    def run_once(self, command: Command) -> None:
        """Run this command to its end; raises ProcessFailed unless it succeeds."""
        child = self._spawn(command)
        try:
            self.run_until(lambda: child.exit_code() is not None)
        except (StopAsked, ProcessFailed):
            child.kill()
            raise
        if code := child.exit_code():
            raise _failure(command.name, code)

    def run_until(self, is_done: Callable[[], bool]) -> None:
        """Keep the processes running until the condition holds."""
        while not is_done():
            if self._interrupts.requests:
                raise StopAsked
            for service in self._services:
                self._tend(service)
            self._interrupts.wait(SETTLED_TURN_S if self.is_settled else STARTING_TURN_S)

    def stop(self) -> None:
        """Stop the processes at the same time, then the stores, which they need to the end.

        Who outstays its grace is killed; a second request to stop ends the grace of all but the stores.
        """
        running = [service.child for service in self._services if service.child and service.child.exit_code() is None]
        self._services.clear()
        self._stop_together([child for child in running if not child.command.is_store])
        self._stop_together([child for child in running if child.command.is_store])

    def _stop_together(self, children: list[Child]) -> None:
        started = time.monotonic()
        for child in children:
            child.send(child.command.stop_signal)
        while children:
            for child in children:
                if time.monotonic() - started > self._grace_s(child.command) and child.exit_code() is None:
                    self._log.say(f"{child.command.name} did not stop in time and is killed")
                    child.kill()
            self._interrupts.wait(STARTING_TURN_S)
            children = [child for child in children if not self._has_stopped(child)]

    def _grace_s(self, command: Command) -> float:
        if self._interrupts.requests < 2:
            return command.grace_s
        return min(command.grace_s, HURRIED_GRACE_S) if command.is_store else 0

    def _has_stopped(self, child: Child) -> bool:
        code = child.exit_code()
        if code is not None:
            self._log.say(f"{child.command.name} stopped ({_ending(code)})")
        return code is not None

    def _tend(self, service: Service) -> None:
        if service.child is None:
            if time.monotonic() >= service.due_at:
                self._start(service)
        elif (code := service.child.exit_code()) is not None:
            self._schedule(service, code=code, lived_s=service.child.lived_s)

    def _start(self, service: Service) -> None:
        service.child = self._spawn(service.command)
        self._log.say(f"{service.command.name} started (process {service.child.pid})")

    def _spawn(self, command: Command) -> Child:
        try:
            return Child(command, self._log)
        except OSError as error:
            raise ProcessFailed(f"{command.name} cannot be started: {error}.") from error

    def _schedule(self, service: Service, *, code: int, lived_s: float) -> None:
        name = service.command.name
        service.child = None
        delay_s = service.backoff.delay_after(lived_s)
        is_hopeless = not self.is_settled and service.backoff.failures > FAILED_STARTS_ALLOWED
        if code == EX_CONFIG or is_hopeless:
            raise _failure(name, code)
        service.due_at = time.monotonic() + delay_s
        self._log.say(f"{name} ended ({_ending(code)}); it starts again in {delay_s:.0f} s")


def _failure(name: str, code: int) -> ProcessFailed:
    if code == EX_CONFIG:
        return ProcessFailed(f"{name} cannot run with this configuration; its lines say why.", exit_code=code)
    return ProcessFailed(f"{name} failed ({_ending(code)}); its lines say why.", exit_code=max(code, 1))


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
