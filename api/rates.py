"""How often somebody may do something: counters in Redis that all API processes share, or here while it is away.

A counter's window starts with the first event in it. Several windows for one rule make the wait grow: whoever guesses
on waits a minute, then a quarter of an hour, then an hour, but nobody is locked out for good.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import redis
import structlog
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.errors import TooManyRequests
from shared.settings import Settings

TIMEOUT_S = 0.3
AWAY_S = 5.0
Act = Callable[[FixedWindowRateLimiter, RateLimitItem, str], bool]
log = structlog.get_logger(__name__)
_windows = cache(parse_many)


class RateLimited(TooManyRequests):
    """You did this too often; try again later."""

    code = "rate_limited"


@dataclass(frozen=True)
class Rule:
    """What may happen how often, in windows from the shortest to the longest; `text` is as people write it."""

    name: str
    text: str


# Failed sign-ins: of one account from one address, of one account from anywhere, from one address for any account.
LOGIN = Rule("login", "5/minute; 15/15 minutes; 30/hour")
LOGIN_OF_ACCOUNT = Rule("login-account", "100/hour")
LOGIN_FROM_ADDRESS = Rule("login-address", "60/minute; 300/hour")
REGISTER = Rule("register", "120/minute; 1000/hour")
FORGOT = Rule("forgot", "5/hour")
FORGOT_FROM_ADDRESS = Rule("forgot-address", "30/15 minutes")
RESEND = Rule("resend", "5/hour")
UPLOAD = Rule("upload", "60000/minute")
SEARCH = Rule("search", "6000/minute")
MESSAGE = Rule("message", "6000/minute")  # By POST; live connections have limits of their own.
RULES = (
    LOGIN,
    LOGIN_OF_ACCOUNT,
    LOGIN_FROM_ADDRESS,
    REGISTER,
    FORGOT,
    FORGOT_FROM_ADDRESS,
    RESEND,
    UPLOAD,
    SEARCH,
    MESSAGE,
)


class Rates:
    """Counts events of rules; `who` names whose they are and is kept only as a digest."""

    def __init__(self, settings: Settings) -> None:
        """Connect lazily."""
        self._enabled = settings.rate_limits == "on"
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._everywhere = FixedWindowRateLimiter(_redis(settings.redis)) if settings.redis else None
        self._away_until = 0.0

    def spend(self, rule: Rule, *who: str) -> None:
        """Count one event; raises RateLimited, with the time until the next one may come."""
        self._each(rule, who, lambda limiter, window, key: limiter.hit(window, key))

    def check(self, rule: Rule, *who: str) -> None:
        """Raise RateLimited if another event would be one too many, and count nothing."""
        self._each(rule, who, lambda limiter, window, key: limiter.test(window, key))

    def count(self, rule: Rule, *who: str) -> None:
        """Count one event, however many there were."""
        self._each(rule, who, lambda limiter, window, key: limiter.hit(window, key) or True)

    def forgive(self, rule: Rule, *who: str) -> None:
        """Forget all events."""
        self._each(rule, who, _clear)

    def _each(self, rule: Rule, who: tuple[str, ...], act: Act) -> None:
        if not self._enabled:
            return
        key = _key(rule, who)
        for window in _windows(rule.text):
            wait = self._wait(window, key, act)
            if wait is not None:
                raise RateLimited(f"At most {window} here; try again in {math.ceil(wait)} s.", retry_after=wait)

    def _wait(self, window: RateLimitItem, key: str, act: Act) -> float | None:
        """Act in Redis; while that does not answer act here, and do not ask it each time."""
        if self._everywhere is not None and time.monotonic() >= self._away_until:
            try:
                return _wait(self._everywhere, window, key, act=act)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + AWAY_S
                log.warning("Redis is away, so each process counts rates alone", error=str(error))
        return _wait(self._here, window, key, act=act)


def _clear(limiter: FixedWindowRateLimiter, window: RateLimitItem, key: str) -> bool:
    limiter.clear(window, key)
    return True


def _wait(limiter: FixedWindowRateLimiter, window: RateLimitItem, key: str, *, act: Act) -> float | None:
    """Return None if it may happen, else in how many seconds it may."""
    if act(limiter, window, key):
        return None
    return max(1.0, limiter.get_window_stats(window, key).reset_time - time.time())


def _key(rule: Rule, who: tuple[str, ...]) -> str:
    return rule.name + ":" + hashlib.sha256("\0".join(who).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _redis(url: str) -> RedisStorage:
    pool = redis.ConnectionPool.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    return RedisStorage(url, connection_pool=pool, key_prefix="sheaf:rates")
