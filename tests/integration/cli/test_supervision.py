"""What the supervisor does to its processes, shown with small stand-ins for ours."""

import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.platforms import StartedPlatform, all_gone, data_directory, eventually, platform, stand_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(60)]

API = """\
import http.server, json, os, socket

assert os.environ["LISTEN_FDS"] == "1"

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "ok", "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
server.serve_forever()
"""
SLEEPER = "import time; print('asleep', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
STORES_GIVEN = {"DATABASE_URL": "postgresql://unused", "BROKER_URL": "redis://unused", "PORT": "0"}


@pytest.fixture
def data() -> Iterator[Path]:
    with data_directory() as path:
        yield path


def supervised(data: Path, **programs: str) -> tuple[str, ...]:
    """Write these Python programs beside the data directory, with a Procfile that runs them."""
    folder = data.parent
    for name, program in programs.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(program))
    (folder / "Procfile").write_text("".join(f"{name}: python {name}.py\n" for name in programs))
    return stand_in(folder / "Procfile")


@pytest.fixture
def started(data: Path) -> Iterator[StartedPlatform]:
    command = supervised(data, api=API, worker=SLEEPER)
    with platform(data, command=command, environment=STORES_GIVEN) as running:
        yield running.wait_ready()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_exits_with_0(started: StartedPlatform, number: signal.Signals) -> None:
    processes = started.processes()
    assert started.stop(number) == 0
    assert all_gone(processes, within_s=0)
    assert started.lines == [f"ready {started.address}\n"]


def test_lines_of_the_processes_carry_time_and_name(started: StartedPlatform) -> None:
    eventually(lambda: "asleep" in started.said)
    line = next(line for line in started.said.splitlines() if "asleep" in line)
    clock, name, bar, *_ = line.split()
    assert (len(clock), name, bar) == (8, "worker", "|")


def test_a_killed_process_is_started_again_and_the_others_stay(started: StartedPlatform) -> None:
    worker, api = started.child("worker.py"), started.get("/")["pid"]
    worker.kill()
    eventually(lambda: started.said.count("worker started") == 2)
    assert started.child("worker.py").pid != worker.pid
    assert started.get("/")["pid"] == api


def test_requests_wait_while_the_api_is_started_again(started: StartedPlatform) -> None:
    first = started.get("/")["pid"]
    psutil.Process(first).kill()
    assert started.get("/")["pid"] != first


def test_nothing_outlives_a_killed_supervisor(data: Path) -> None:
    command = supervised(data, api=API, worker=SLEEPER, dispatcher=STUBBORN)
    with platform(data, command=command, environment={"PORT": "0"}) as running:
        running.wait_ready()
        processes = running.processes()
        assert len(processes) > 5, "the embedded stores run as well"
        running.process.kill()
        assert all_gone(processes, within_s=8)


def test_a_second_interrupt_ends_a_deaf_process_at_once(data: Path) -> None:
    command = supervised(data, api=API, worker=STUBBORN)
    with platform(data, command=command, environment=STORES_GIVEN) as running:
        running.wait_ready()
        eventually(lambda: "deaf" in running.said)
        processes = running.processes()
        running.send(signal.SIGINT)
        eventually(lambda: "api stopped" in running.said)
        assert running.process.poll() is None
        running.send(signal.SIGINT)
        assert running.process.wait(3) == 0
        assert all_gone(processes, within_s=0)


def test_a_process_with_a_bad_configuration_ends_everything_with_its_code(data: Path) -> None:
    command = supervised(data, api=API, worker="raise SystemExit(78)")
    with platform(data, command=command, environment=STORES_GIVEN) as running:
        assert running.wait() == 78
        assert "worker cannot run with this configuration" in running.said


def test_a_program_that_does_not_exist_ends_everything(data: Path) -> None:
    command = supervised(data, api=API)
    (data.parent / "Procfile").write_text("worker: no-such-program\n")
    with platform(data, command=command, environment=STORES_GIVEN) as running:
        assert running.wait() == 1
        assert "no-such-program" in running.said


def test_several_api_processes_share_the_socket(data: Path) -> None:
    command = supervised(data, api=API)
    with platform(data, command=command, environment={**STORES_GIVEN, "WEB_CONCURRENCY": "2"}) as running:
        running.wait_ready()
        both = {child.pid for child in running.processes()}
        assert len(both) == 2
        eventually(lambda: running.get("/")["pid"] in both)


def test_a_second_platform_on_the_same_data_is_refused(started: StartedPlatform, data: Path) -> None:
    command = stand_in(data.parent / "Procfile")
    with platform(data, command=command, environment=STORES_GIVEN) as second:
        assert second.wait() == 1
        assert f"already running on {data} (process {started.process.pid})" in second.said


def test_a_port_that_is_taken_is_refused(started: StartedPlatform, data: Path) -> None:
    command = stand_in(data.parent / "Procfile")
    port = started.address.rsplit(":", 1)[1]
    with platform(data.with_name("other"), command=command, environment={**STORES_GIVEN, "PORT": port}) as second:
        assert second.wait() == 1
        assert f"Port {port}" in second.said


def test_a_killed_store_comes_back_with_its_data_and_the_others_live_on(data: Path) -> None:
    command = supervised(data, api=API, worker=SLEEPER)
    with platform(data, command=command, environment={"PORT": "0"}) as running:
        running.wait_ready()
        postgres, worker = running.child("bin/postgres"), running.child("worker.py")
        postgres.kill()
        eventually(lambda: running.said.count("ready to accept connections") == 2, within_s=20)
        assert worker.is_running()
        assert running.stop() == 0
