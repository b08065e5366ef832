"""One-time sign-in links: for whom an owner may make one, and whose one is when it comes back. Nothing of a link is stored (0006, 0017)."""

from collections.abc import Collection

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from evalhub.accounts.models import Membership, Role


class SignInToken(PasswordResetTokenGenerator):
    """A link token that dies with its use: it hashes the last sign-in, which the use of the link changes."""

    def __init__(self, made_by: User | None = None) -> None:
        super().__init__()
        self.key_salt = f"evalhub.accounts.sign-in-link{f'.{made_by.pk}' if made_by else ''}"


def sign_in_path(user: User, *, made_by: User | None = None) -> str:
    """The path of a one-time sign-in link, good for a day (PASSWORD_RESET_TIMEOUT).

    One that was `made_by` an owner is good only as long as that owner may make it; without, it is the machine's own.
    """
    whose = f"{user.pk}.{made_by.pk}" if made_by else str(user.pk)
    return f"/sign-in/{urlsafe_base64_encode(force_bytes(whose))}/{SignInToken(made_by).make_token(user)}"


def user_of_link(uid: str, token: str) -> User | None:
    """Whose link this is, or None when it is used up, too old, not ours, or its maker may not make it any more."""
    user, made_by = _people(uid)
    if user is None or not SignInToken(made_by).check_token(user, token):
        return None
    return user if made_by is None or user.pk in linkable(made_by, [user]) else None


def linkable(made_by: User, users: Collection[User]) -> set[int]:
    """The keys of those for whom this person may make a link. Two queries.

    Who holds a link becomes that user. So the maker owns every project that the user is in, and the user is not staff; not oneself either,
    for a browser left open must not give away more than itself.
    """
    owned = Membership.objects.filter(user=made_by, role=Role.OWNER).values("project")
    places = Membership.objects.filter(user__in=users)
    inside = set(places.filter(project__in=owned).values_list("user_id", flat=True))
    outside = set(places.exclude(project__in=owned).values_list("user_id", flat=True))
    plain = {user.pk for user in users if user.is_active and not (user.is_staff or user.is_superuser)}
    return (plain & inside) - outside - {made_by.pk}


def _people(uid: str) -> tuple[User | None, User | None]:
    """Whose link, and who made it. A maker who is gone leaves nobody's link."""
    try:
        user_id, dot, maker_id = force_str(urlsafe_base64_decode(uid)).partition(".")
        found = get_user_model().objects.filter(is_active=True).in_bulk([int(user_id), *([int(maker_id)] if dot else [])])
    except (ValueError, OverflowError):
        return None, None
    maker = found.get(int(maker_id)) if dot else None
    return (found.get(int(user_id)) if maker or not dot else None), maker
