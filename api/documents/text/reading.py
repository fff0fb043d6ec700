"""The text of a page in the order in which people read it: column after column, and line after line in each."""

from api.documents.text.fragments import body_size, layers
from api.documents.text.lines import lines_of
from api.documents.text.regions import regions_of
from api.documents.text.results import PageResults


def reading_text(page: PageResults) -> str:
    """Return the text; what is written in another direction than most of it comes last."""
    if not page.is_legible:
        return page.text
    return "\n".join(
        line.text
        for layer in layers(page.spans.spans)
        for region in regions_of(layer, body_size(layer))
        for line in lines_of(region)
    )
