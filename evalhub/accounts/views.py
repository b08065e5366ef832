"""Pages before the door: sign in by password or by one-time link, sign out."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
    return redirect(target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/")
