"""Pages before the door: sign in by password or by one-time link, sign out."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.services import user_of_link


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    http_method_names = ["post", "options"]


@require_GET
@never_cache
def sign_in_by_link(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """One click signs in, as notebooks do. A used or old link explains how to get a new one."""
    user = user_of_link(uid, token)
    if user is None:
        return render(request, "accounts/link_used.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    target = request.GET.get("next", "/")
    # Not `redirect`: it takes a word without a slash for the name of a view.
    return HttpResponseRedirect(target if _is_our_path(target) else "/")


def _is_our_path(target: str) -> bool:
    return target.startswith("/") and not target.startswith("//") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
