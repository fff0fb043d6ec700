"""The example for Prometheus and its alerts, as Prometheus itself reads them: `promtool` of Debian's `prometheus`."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
RULES = FOLDER / "alerts.yml"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="there is no promtool: apt-get install prometheus")
# Alerts by one series that Prometheus sees, and its values, one a minute.
FIRING = [
    ("SheafDown", 'up{job="sheaf"}', "0x60"),
    ("SheafNoWorkers", 'sheaf_workers{pool="readers"}', "2x5 0x60"),
    ("SheafSomebodyWaits", 'sheaf_queue_oldest_seconds{queue="render"}', "0+60x60"),
    ("SheafQueueOld", 'sheaf_queue_oldest_seconds{queue="bulk"}', "30000x60"),
    ("SheafJobsFail", 'sheaf_jobs_ended_total{kind="extraction",state="failed"}', "0+9x60"),
    ("SheafLeasesLost", 'sheaf_leases_lost_total{pool="readers"}', "0+1x60"),
    ("SheafCountsBehind", "sheaf_tallies_behind_seconds", "900x60"),
]
QUIET = [
    ("SheafDown", 'up{job="sheaf"}', "1x60"),
    ("SheafNoWorkers", 'sheaf_workers{pool="mailers"}', "1x60"),
    ("SheafSomebodyWaits", 'sheaf_queue_oldest_seconds{queue="bulk"}', "600x60"),
    ("SheafQueueOld", 'sheaf_queue_oldest_seconds{queue="bulk"}', "3600x60"),
    ("SheafJobsFail", 'sheaf_jobs_ended_total{kind="extraction",state="succeeded"}', "0+9x60"),
]


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run([PROMTOOL or "", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_rules() -> None:
    promtool("check", "rules", RULES)


def test_the_example_is_a_configuration() -> None:
    promtool("check", "config", "--syntax-only", FOLDER / "prometheus.yml")


@pytest.mark.parametrize(("alert", "series", "values"), FIRING)
def test_an_alert_fires(alert: str, series: str, values: str, tmp_path: Path) -> None:
    replay(tmp_path, alert, {series: values}, firing=[{"labels": "{}", "value": 1}])


@pytest.mark.parametrize(("alert", "series", "values"), QUIET)
def test_an_alert_keeps_quiet(alert: str, series: str, values: str, tmp_path: Path) -> None:
    replay(tmp_path, alert, {series: values}, firing=[])


def replay(folder: Path, alert: str, series: dict[str, str], *, firing: list[dict[str, Any]]) -> None:
    """Let Prometheus see series for an hour, and compare how often the alert fires then."""
    given = [{"series": name, "values": values} for name, values in series.items()]
    asked = {
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
        "eval_time": "60m",
        "exp_samples": firing,
    }
    test = {"interval": "1m", "input_series": given, "promql_expr_test": [asked]}
    file = folder / "test.yml"  # JSON is YAML.
    file.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [test]}))
    promtool("test", "rules", file)
