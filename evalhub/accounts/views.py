"""Pages before the door: sign in by password or by one-time link, sign out. And the switch to another project."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.links import user_of_link
from evalhub.accounts.middleware import enter_project
from evalhub.accounts.selectors import memberships_of
from evalhub.accounts.senders import client_address
from evalhub.accounts.sign_in_limits import sign_in_forgive, sign_in_try
from evalhub.common.formatting import duration

RUNS, ADMIN = "/runs/", "/admin/"


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A try of a password is counted, and refused before the password is looked at where there were too many."""
        if all(request.POST.get(name) for name in ("username", "password")):
            wait = sign_in_try(username=request.POST["username"], address=client_address(request))
            if wait:
                return self._too_many(wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        sign_in_forgive(username=form.cleaned_data["username"], address=client_address(self.request))
        return super().form_valid(form)

    def _too_many(self, seconds: int) -> HttpResponse:
        """The same for a name that exists and one that does not, for a right password and a wrong one."""
        form = self.get_form_class()(self.request, initial={"username": self.request.POST["username"]})
        context = self.get_context_data(form=form, wait=duration(seconds))
        return self.render_to_response(context, status=429, headers={"Retry-After": str(seconds)})

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Not back to this page: Django takes that for a loop, and fails."""
        target = super().get_redirect_url(*([request] if request else []))  # Django 5.2 takes no request
        return "" if target == self.request.path else target


class SignOut(LogoutView):
    http_method_names = ["post", "options"]


@require_GET
@never_cache
def admin_door(request: HttpRequest) -> HttpResponse:
    """The admin pages have no sign-in of their own: one door, one count of tries."""
    if not request.user.is_authenticated:
        target = request.GET.get("next", "")
        return redirect_to_login(target if _is_our_path(target) else ADMIN)
    if not request.user.is_staff:
        raise PermissionDenied("The admin pages are for staff.")
    return HttpResponseRedirect(ADMIN)


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
