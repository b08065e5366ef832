"""A person's own account: password, browsers they are signed in with, theme. Open to everybody who is signed in, in a project or not."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.selectors import person
from evalhub.accounts.sessions import session_renamed, sessions_end, sessions_of
from evalhub.accounts.throttle import act_count
from evalhub.common.problems import Problem

TRIES = "10/hour"
GOOD_PASSWORD = "At least 10 characters. Not a common one, and not like your user name."  # noqa: S105  words about one


@require_GET
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return _page(request, _password_form(request))


@sensitive_post_parameters()
@require_POST
@never_cache
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Change the password, or set the first. Whoever is signed in elsewhere with the old one is not any more."""
    form = _password_form(request)
    try:
        act_count(TRIES, "tries to change a password", person(request.user))
    except Problem as refused:
        return _page(request, form, problem=refused.detail, status=429)
    if not form.is_valid():
        return _page(request, form, status=400)
    user, old = form.save(), request.session.session_key or ""
    update_session_auth_hash(request, user)
    new = request.session.session_key or ""
    session_renamed(old=old, new=new)
    ended = sessions_end(user=user, keep=new)
    messages.success(request, f"Your password is changed.{_ended_words(ended)}")
    return redirect("account")


@require_POST
@login_required
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Another browser of the same person; the one at hand signs out instead. What is not theirs is not there."""
    if sessions_end(user=_user(request), keep=request.session.session_key or "", only=session_id):
        messages.success(request, "That browser is signed out.")
    else:
        messages.info(request, "That browser was signed out already.")
    return redirect("account")


@require_POST
@login_required
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    ended = sessions_end(user=_user(request), keep=request.session.session_key or "")
    messages.success(request, _ended_words(ended).strip() or "You are signed in nowhere else.")
    return redirect("account")


def _ended_words(ended: int) -> str:
    return f" {ended} other browser{'s are' if ended != 1 else ' is'} signed out." if ended else ""


def _password_form(request: HttpRequest) -> "SetPasswordForm[User]":
    """Who came by a link and never had a password is not asked for an old one."""
    user = _user(request)
    kind = PasswordChangeForm if user.has_usable_password() else SetPasswordForm
    form = kind(user, request.POST if request.method == "POST" else None)
    form.fields["new_password1"].help_text = GOOD_PASSWORD
    form.fields["new_password2"].label, form.fields["new_password2"].help_text = "New password again", ""
    return form


def _page(request: HttpRequest, form: "SetPasswordForm[User]", *, problem: str = "", status: int = 200) -> HttpResponse:
    user = _user(request)
    context = {
        "form": form,
        "has_password": user.has_usable_password(),
        "sessions": sessions_of(user),
        "here": request.session.session_key,
        "problem": problem,
    }
    return render(request, "accounts/account.html", context, status=status)


def _user(request: HttpRequest) -> User:
    """Who is signed in; `login_required` saw to that."""
    assert isinstance(request.user, User)  # noqa: S101  for the type alone
    return request.user
