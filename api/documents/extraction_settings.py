"""What a job may ask of pdfplumber beyond its defaults, checked, and in one normal form for settings that are equal."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Points = Annotated[float, Field(strict=True, ge=0, le=100)]
Length = Annotated[float, Field(strict=True, ge=0, le=10_000)]
Words = Annotated[int, Field(strict=True, ge=1, le=1000)]
Strategy = Literal["lines", "lines_strict", "text"]
BY_AXIS = ("snap", "join", "intersection")


class TextSettings(BaseModel):
    """Settings of pdfplumber's `extract_text()` and, but for `layout`, of its `extract_words()`; points."""

    model_config = ConfigDict(extra="forbid")

    x_tolerance: Points = 3.0
    y_tolerance: Points = 3.0
    layout: Annotated[bool, Field(strict=True)] = False

    def normal_form(self) -> dict[str, Any]:
        """Return what differs from the defaults; equal settings give equal ones."""
        return self.model_dump(exclude_defaults=True)


class TableSettings(BaseModel):
    """Settings of pdfplumber's `find_tables()` under its names; tolerances and lengths are points.

    The tolerance of an axis is that of both axes where it is not given.
    """

    model_config = ConfigDict(extra="forbid")

    vertical_strategy: Strategy = "lines"
    horizontal_strategy: Strategy = "lines"
    snap_tolerance: Points = 3.0
    snap_x_tolerance: Points | None = None
    snap_y_tolerance: Points | None = None
    join_tolerance: Points = 3.0
    join_x_tolerance: Points | None = None
    join_y_tolerance: Points | None = None
    edge_min_length: Length = 3.0
    min_words_vertical: Words = 3
    min_words_horizontal: Words = 1
    intersection_tolerance: Points = 3.0
    intersection_x_tolerance: Points | None = None
    intersection_y_tolerance: Points | None = None

    def normal_form(self) -> dict[str, Any]:
        """Return what differs from the defaults, tolerances by axis; equal settings give equal ones."""
        wanted = self.model_dump()
        usual = TableSettings.model_construct().model_dump()
        for name in BY_AXIS:
            both, default = wanted.pop(f"{name}_tolerance"), usual.pop(f"{name}_tolerance")
            for axis in "xy":
                key = f"{name}_{axis}_tolerance"
                wanted[key] = both if wanted[key] is None else wanted[key]
                usual[key] = default
        return {key: value for key, value in wanted.items() if value != usual[key]}
