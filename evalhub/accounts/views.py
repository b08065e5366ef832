"""Pages before the door: sign in by password or by one-time link, sign out. And the switch to another project."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.links import user_of_link
from evalhub.accounts.middleware import enter_project
from evalhub.accounts.selectors import memberships_of

RUNS = "/runs/"


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Not back to this page: Django takes that for a loop, and fails."""
        target = super().get_redirect_url(*([request] if request else []))  # Django 5.2 takes no request
        return "" if target == self.request.path else target


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


@require_POST
def project_switch(request: HttpRequest) -> HttpResponse:
    """Work in another project from here on. A project without the person answers like one that does not exist."""
    if not request.user.is_authenticated:  # signed out in another tab; back to a page, for a form cannot be sent again
        return redirect_to_login(RUNS)
    by_name = {membership.project.name: membership for membership in memberships_of(request.user)}
    membership = by_name.get(request.POST.get("project", ""))
    if membership is None:
        raise Http404
    enter_project(request, membership)
    target = request.POST.get("next", "")
    return HttpResponseRedirect(target if _is_our_path(target) else RUNS)
