"""What every screen must be in any size and colour: accessible by axe's rules, and never wider than the window."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page, ViewportSize

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
FAULTS = """async (rules) => (await axe.run({ resultTypes: ["violations"], ...rules })).violations.map(
  (rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(" ")).join(", ")}`)"""
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # Nothing else differs in the dark.
OVERFLOW = "() => document.documentElement.scrollWidth - innerWidth"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}


def assert_sound(page: Page) -> None:
    """Look at what the page shows now: light and dark, at 1280 and at 390 pixels."""
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    page.evaluate(AXE)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert page.evaluate(OVERFLOW) <= 0, f"scrolls sideways at {size['width']} px"
        faults = page.evaluate(FAULTS, {})
        assert not faults, f"{size['width']} px: {faults}"
        page.emulate_media(color_scheme="dark")
        faults = page.evaluate(FAULTS, OF_COLOURS)
        assert not faults, f"dark, {size['width']} px: {faults}"
        page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
