"""How often a password may be tried. Counted in the database: every web process sees the same (0017).

By user name and address together, so that a stranger locks out nobody but themselves; and by address, so that many names cannot be tried.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evalhub.accounts.models import SignInTally
from evalhub.accounts.senders import neighbourhood

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
SWEPT_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failed tries there may be within WINDOW."""

    what: str
    most: int

    def key(self, *parts: str) -> str:
        return salted_hmac(f"evalhub.accounts.sign-in.{self.what}", "\n".join(parts), algorithm="sha256").hexdigest()


BY_NAME = Limit("name", 10)
BY_ADDRESS = Limit("address", 100)


def sign_in_try(*, username: str, address: str) -> int:
    """Count a try before the password is looked at, as twins must not share one. Returns the seconds to wait, 0 to go ahead."""
    place = neighbourhood(address)
    return _hit(BY_ADDRESS, BY_ADDRESS.key(place)) or _hit(BY_NAME, BY_NAME.key(_name(username), place))


def sign_in_forgive(*, username: str, address: str) -> None:
    """The password was right: the try was none that failed, nor do those before it count."""
    place = neighbourhood(address)
    SignInTally.objects.filter(key=BY_NAME.key(_name(username), place)).delete()
    SignInTally.objects.filter(key=BY_ADDRESS.key(place), tries__gt=0).update(tries=F("tries") - 1)


def _name(username: str) -> str:
    """However it is written: the sign-in form takes full-width letters for plain ones."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


@transaction.atomic
def _hit(limit: Limit, key: str) -> int:
    """A refused try is not counted: the wait ends when it was said to."""
    now = timezone.now()
    over = Q(since__lte=now - WINDOW) | Q(since__gt=now)  # a clock that was set back must not make the wait longer
    SignInTally.objects.filter(over, key=key).update(since=now, tries=0)
    _, is_new = SignInTally.objects.get_or_create(key=key, defaults={"since": now})
    if is_new:
        _sweep(now)
    counted = SignInTally.objects.filter(key=key, tries__lt=limit.most).update(tries=F("tries") + 1)
    if counted:
        return 0
    since = SignInTally.objects.filter(key=key).values_list("since", flat=True).first() or now
    return max(1, round((since + WINDOW - now).total_seconds()))


def _sweep(now: datetime) -> None:
    old = list(SignInTally.objects.filter(since__lt=now - KEPT).values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    SignInTally.objects.filter(pk__in=old).delete()
