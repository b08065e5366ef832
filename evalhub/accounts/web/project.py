"""The project itself: its name, and another one beside it."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.middleware import enter_project
from evalhub.accounts.models import Project
from evalhub.accounts.pages import PageRequest, member_required, owner_required
from evalhub.accounts.selectors import may_start_project
from evalhub.accounts.services import project_rename, project_start
from evalhub.accounts.web.forms import ProjectForm

RENAME, START = "rename", "start"


@require_GET
@never_cache
@member_required
def project(request: PageRequest) -> HttpResponse:
    return _page(request)


@require_POST
@owner_required
def rename(request: PageRequest) -> HttpResponse:
    project = Project.objects.get(pk=request.membership.project_id)  # of its own: a form writes into the row what it then refuses
    form = ProjectForm(request.POST, instance=project, prefix=RENAME)
    if not form.is_valid():
        return _page(request, rename=form, status=400)
    project_rename(project=project, name=form.cleaned_data["name"])
    messages.success(request, f"The project is called {project.name} now.")
    return redirect("settings-project")


@require_POST
@member_required
def start(request: PageRequest) -> HttpResponse:
    """Another project, whose first owner is who asked."""
    if not may_start_project(request.user, request.memberships):
        return _page(request, status=403)
    form = ProjectForm(request.POST, prefix=START)
    if not form.is_valid():
        return _page(request, start=form, status=400)
    assert isinstance(request.user, User)  # noqa: S101  for the type alone
    enter_project(request, project_start(name=form.cleaned_data["name"], owner=request.user))
    messages.success(request, f"You work in the new project {request.membership.project} now. The menu of projects leads back.")
    return redirect("settings-project")


def _page(request: PageRequest, *, rename: ProjectForm | None = None, start: ProjectForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "tab": "project",
        "rename": rename or ProjectForm(prefix=RENAME, instance=request.membership.project),
        "start": start or ProjectForm(prefix=START),
        "may_start": may_start_project(request.user, request.memberships),
    }
    return render(request, "settings/project.html", context, status=status)
