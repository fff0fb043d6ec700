"""The figures of the house: how long its functions and files are, and what it leaves undone.

python -m tests.architecture.figures
"""

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
ROOTS = ("api", "worker", "shared", "cli")
LONG = 40
SUPPRESSION = re.compile(r"# (?:noqa|type: ignore)")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    for folders in (ROOTS, ("tests",)):
        files = sources(*folders)
        print(f"{' '.join(folders)}: {', '.join(f'{name} {value:g}' for name, value in figures(files).items())}")


def sources(*folders: str) -> list[Path]:
    """Return the Python files below the folders that git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", *(f"{folder}/*.py" for folder in folders)],  # noqa: S607 — the git of whoever develops.
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split()]


def figures(files: Sequence[Path]) -> dict[str, float]:
    """Return lengths in lines, as medians and 90th percentiles, and shares in per cent."""
    texts = [file.read_text(encoding="utf-8") for file in files]
    found = [function for text in texts for function in functions(text)]
    lengths = sorted(lines_of(function) for function in found)
    file_lengths = sorted(text.count("\n") for text in texts)
    return {
        "files": len(files),
        "file median": median(file_lengths),
        "file p90": percentile(file_lengths, 90),
        "functions": len(found),
        "function median": median(lengths),
        "function p90": percentile(lengths, 90),
        f"over {LONG} lines %": percent(sum(length > LONG for length in lengths), len(lengths)),
        "typed %": percent(sum(is_typed(function) for function in found), len(found)),
        "suppressions": sum(len(SUPPRESSION.findall(text)) for text in texts),
    }


def functions(text: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Return how many lines a function has, from its `def` on."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_typed(function: Function) -> bool:
    """Say whether a function's result and all its parameters but `self` and `cls` have types."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return function.returns is not None and all(each.annotation or each.arg in {"self", "cls"} for each in given)


def percentile(ordered: Sequence[float], share: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)


if __name__ == "__main__":
    main()
