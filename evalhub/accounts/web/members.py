"""Members of a project and their roles. Everybody in it sees the list; owners change it."""

import uuid

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.links import linkable, sign_in_path
from evalhub.accounts.members import LastOwner, member_add, member_create, member_remove, member_role_set
from evalhub.accounts.models import Membership, Role
from evalhub.accounts.pages import PageRequest, member_required, owner_required
from evalhub.accounts.selectors import PAGE_OF_MEMBERS, members_page
from evalhub.accounts.web.forms import MemberForm, RoleForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def members(request: PageRequest) -> HttpResponse:
    """The list; an owner's POST adds somebody, and answers with their sign-in link if they are new."""
    if request.method != "POST":
        return _page(request, MemberForm())
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        member = _added(request, form)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, form, status=400)
    if form.cleaned_data["who"] == MemberForm.Who.NEW:
        return _link_page(request, member, is_new=True)
    messages.success(request, f"{member.user.get_username()} is now a member, as {member.role}.")
    return redirect("settings-members")


def _added(request: PageRequest, form: MemberForm) -> Membership:
    """Raises PermissionDenied unless an owner asks."""
    given = form.cleaned_data
    write = member_create if given["who"] == MemberForm.Who.NEW else member_add
    return write(project=request.membership.project, actor=_person(request), username=given["username"], role=given["role"])


@require_POST
@owner_required
def member_role(request: PageRequest, member_id: uuid.UUID) -> HttpResponse:
    if not Membership.objects.filter(project=request.membership.project, pk=member_id).exists():
        raise Http404
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, MemberForm(), problem="Choose one of the roles owner, editor and viewer.", status=400)
    try:
        member = member_role_set(
            project=request.membership.project, actor=_person(request), member_id=member_id, role=form.cleaned_data["role"]
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    except LastOwner as error:
        return _page(request, MemberForm(), problem=str(error), status=409)
    messages.success(request, f"{member.user.get_username()} is now {member.role} of this project.")
    return redirect("settings-members")


@require_POST
@member_required
def member_end(request: PageRequest, member_id: uuid.UUID) -> HttpResponse:
    """Remove somebody, or leave; who removes themselves has to say so."""
    is_own = member_id == request.membership.pk
    if is_own and request.POST.get("confirm") != "leave":
        return _page(request, MemberForm(), problem="You would leave this project yourself. Confirm it in the dialog.", status=400)
    try:
        member = member_remove(project=request.membership.project, actor=_person(request), member_id=member_id)
    except Membership.DoesNotExist:
        raise Http404 from None
    except LastOwner as error:
        return _page(request, MemberForm(), problem=str(error), status=409)
    whom = "You are" if is_own else f"{member.user.get_username()} is"
    messages.success(request, f"{whom} no longer a member of {member.project}.")
    return redirect("/" if is_own else "settings-members")


@require_POST
@never_cache
@owner_required
def member_link(request: PageRequest, member_id: uuid.UUID) -> HttpResponse:
    """A fresh sign-in link for somebody whose every project is the maker's."""
    member = Membership.objects.select_related("user").filter(project=request.membership.project, pk=member_id).first()
    if member is None:
        raise Http404
    if member.user_id not in linkable(_person(request), [member.user]):
        return _page(request, MemberForm(), problem=_why_no_link(member), status=403)
    return _link_page(request, member)


def _why_no_link(member: Membership) -> str:
    name = member.user.get_username()
    return (
        f"A link for {name} would open more than the projects you own. "
        f"Who looks after this installation can print one: evalhub sign-in-link --user {name}"
    )


def _link_page(request: PageRequest, member: Membership, *, is_new: bool = False) -> HttpResponse:
    link = request.build_absolute_uri(sign_in_path(member.user, made_by=_person(request)))
    return render(request, "settings/member_link.html", {"tab": "members", "member": member, "link": link, "is_new": is_new})


def _page(request: PageRequest, form: MemberForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    project, is_owner = request.membership.project, request.membership.is_owner
    rows, more = members_page(project=project, after=request.GET.get("after", ""))
    may_link = linkable(_person(request), [row.user for row in rows]) if is_owner else set()
    context = {
        "tab": "members",
        "rows": rows,
        "next": rows[-1].user.get_username() if more else "",
        "size": PAGE_OF_MEMBERS,
        "form": form,
        "roles": Role.choices,
        "may_link": may_link,
        "problem": problem,
    }
    return render(request, "settings/members.html", context, status=status)


def _person(request: PageRequest) -> User:
    """Who is signed in; `member_required` saw to that."""
    assert isinstance(request.user, User)  # noqa: S101  for the type alone
    return request.user
