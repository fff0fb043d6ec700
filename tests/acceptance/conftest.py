"""Platforms for journeys: started once for a module, with the settings that the module names."""

from collections.abc import Iterator

import pytest

from tests.acceptance.api_client import ApiClient
from tests.platforms import StartedPlatform, data_directory, platform


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest) -> Iterator[StartedPlatform]:
    """Run `./sheaf up` with two slots and the module's `ENVIRONMENT`; it has to stop cleanly."""
    environment = {"WORKER_CONCURRENCY": "2", **getattr(request.module, "ENVIRONMENT", {})}
    with data_directory() as data, platform(data, environment=environment) as started:
        yield started.wait_ready()
        assert started.stop() == 0


@pytest.fixture(scope="module")
def api(started: StartedPlatform) -> Iterator[ApiClient]:
    client = ApiClient(started.address)
    yield client
    client.close()
