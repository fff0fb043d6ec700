"""The demo's sample is what its generator writes."""

from pathlib import Path

import cli
from tests.make_sample import sample


def test_the_shipped_sample_is_the_generators() -> None:
    shipped = Path(cli.__file__).with_name("sample.pdf").read_bytes()
    assert shipped == sample()
    assert len(shipped) < 5000
