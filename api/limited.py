"""Dependencies by which a route counts its requests: `dependencies=[Depends(per_user(SEARCH))]`."""

from collections.abc import Callable

from api.identity import DetachedUser
from api.rates import Rule
from api.resources import Shared


def per_user(rule: Rule) -> Callable[..., None]:
    """Return a dependency that counts a request for the account that sent it."""

    def spend(user: DetachedUser, resources: Shared) -> None:
        resources.rates.spend(rule, str(user.id))

    return spend
