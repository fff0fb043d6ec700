"""Pictures of pages: what may be asked for, in which format, and how they are answered."""

from typing import Annotated, Literal, Self

from fastapi import Request, Response
from pydantic import BaseModel, Field, model_validator

from api.conditional import matches
from api.documents.renditions import Wish
from shared.models import JobKind, Rendition

MAX_WIDTH = 2000
DEFAULT_SCALE = 2.0
Form = Literal["png", "webp"]
WEBP = "image/webp"
MEDIA_TYPES: dict[Form, str] = {"png": "image/png", "webp": WEBP}


class PictureWanted(BaseModel):
    """How large a picture is to be and in which format; a scale of 2 is drawn where nothing is said."""

    scale: Annotated[
        float | None,
        Field(
            ge=0.05,
            le=10,
            allow_inf_nan=False,
            description="Pixels for each PDF point. No picture is wider than 2,000 pixels or has more than 16 million.",
        ),
    ] = None
    width: Annotated[int | None, Field(ge=16, le=MAX_WIDTH, description="Pixels; instead of `scale`.")] = None
    missing: Annotated[
        Literal["error", "empty"],
        Field(description="`empty` answers 204 where there is no picture, or none yet: browsers log errors."),
    ] = "error"
    format: Annotated[Form | None, Field(description="Otherwise `Accept` decides, and PNG where that does not.")] = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.scale is not None and self.width is not None:
            raise ValueError("Give either scale or width, not both.")
        return self

    def wish(self, page: int, form: Form) -> Wish:
        scale = None if self.width is not None else round(self.scale or DEFAULT_SCALE, 2)
        size = f"{self.width}px" if scale is None else f"x{scale:g}"
        options = {"page": page, "width": self.width, "scale": scale, "format": form}
        return Wish(JobKind.RENDERING, f"page {page} {size} {form}", options, page=page)


def form_for(request: Request, wanted: PictureWanted) -> Form:
    """Return the format that was asked for, or WebP for a client that says by name that it takes it (RFC 9110, 12.5.1).

    `*/*` says nothing about formats: PNG is what every program reads.
    """
    if wanted.format is not None:
        return wanted.format
    weights = dict(map(_weight, request.headers.get("accept", "").split(",")))
    is_liked = weights.get(WEBP, 0.0) > 0 and weights.get(WEBP, 0.0) >= weights.get("image/png", 0.0)
    return "webp" if is_liked else "png"


def picture_headers(rendition: Rendition) -> dict[str, str]:
    """Return the headers of a picture: it was made of a foreign file, so a browser is to show it and nothing else."""
    return {
        "ETag": etag_of(rendition),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def unchanged(request: Request, rendition: Rendition) -> Response | None:
    """Return the answer to a client that has the picture already."""
    is_known = matches(request, etag_of(rendition))
    return Response(status_code=304, headers=picture_headers(rendition)) if is_known else None


def etag_of(rendition: Rendition) -> str:
    return f'"{(rendition.sha256 or "")[:32]}"'


def _weight(entry: str) -> tuple[str, float]:
    """Return a media type and its quality; one that cannot be read has none."""
    media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return media_type, float(quality)
    except ValueError:
        return media_type, 0.0
