"""Files given to the page as people give them: dropped from a folder of the system, or chosen."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

MIDDLE = (640, 500)
COPY = 1


def drop(page: Page, paths: Sequence[Path]) -> None:
    """Drag files or folders from outside over the page and let them go there."""
    page.locator(".uploads").wait_for(state="attached")
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": COPY}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": MIDDLE[0], "y": MIDDLE[1], "data": data})


def choose(page: Page, paths: Sequence[Path]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload PDFs").click()
    chooser.value.set_files(paths)


def written(folder: Path, **contents: bytes) -> list[Path]:
    """Write files, each named by its key and `.pdf`, and return their paths."""
    paths = [folder / f"{name}.pdf" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths
