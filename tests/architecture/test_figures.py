"""The sizes that the house keeps to."""

from tests.architecture.figures import LONG, ROOTS, figures, sources


def test_functions_and_files_stay_short() -> None:
    found = figures(sources(*ROOTS))
    assert found["function median"] <= 8
    assert found["function p90"] <= 25
    assert found[f"over {LONG} lines %"] < 3
    assert found["file p90"] <= 250
    assert found["typed %"] == 100
