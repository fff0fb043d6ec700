"""What no log may have: the passwords, keys and mail bodies of the tests, and whatever looks like a token of ours."""

import re

from tests.work import PASSWORD

SECRET_KEY = "a key for tests that is long enough 0123456789"
MAIL_BODY = "a mail body that no log may have"
PDF_PASSWORD = "a PDF password that no log may have"
PLANTED = (PASSWORD, SECRET_KEY, MAIL_BODY, PDF_PASSWORD)
TOKENS = re.compile(
    r"""eyJ[\w-]{8,}\.[\w-]{8,}                                          # an access token
    | \bsheaf_[\w-]{30,}                                                 # an API key
    | Bearer\ [\w.-]{20,}
    | ://[^\s:/@*]*:(?!\*+@)   [^\s:/@]+@                                # an address with its password
    | (?<![\w/.-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{43}(?![\w/.-])  # a refresh token, or a mailed one
    """,
    re.VERBOSE,
)


def found_in(text: str) -> list[str]:
    """Return the secrets that a text has, with a little of what is around them."""
    places = [(at, at + len(word)) for word in PLANTED for at in [text.find(word)] if at >= 0]
    places += [found.span() for found in TOKENS.finditer(text)]
    return [text[max(0, begin - 80) : end + 20] for begin, end in places]
