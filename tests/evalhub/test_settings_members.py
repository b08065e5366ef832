"""Members and roles on the settings page: added, changed, removed, and never a project without an owner."""

import re
import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.members import LastOwner, member_remove, member_role_set
from evalhub.accounts.models import Membership, Project, Role
from tests import factories
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
PATH = "/settings/members/"


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def ada(project: Project) -> User:
    return factories.user(project=project, name="ada")


@pytest.fixture
def tom(project: Project) -> User:
    return factories.user(project=project, name="tom", role=Role.VIEWER)


@pytest.fixture
def owner(ada: User) -> Client:
    return signed_in(ada)


def of(person: User) -> Membership:
    return Membership.objects.get(user=person)


def added(client: Client, who: str, username: str, role: str = "viewer") -> tuple[int, str]:
    answer = client.post(PATH, {"who": who, "username": username, "role": role}, follow=True)
    return answer.status_code, answer.text


def link_in(text: str) -> str:
    found = re.search(r'<code id="link">http://testserver(/sign-in/[^<]+)</code>', text)
    assert found
    return found.group(1)


# The list


def test_every_member_reads_who_is_in_the_project_and_as_what(tom: User, ada: User) -> None:
    text = signed_in(tom).get(PATH).text
    assert "<b>ada</b>" in text
    assert "What each role may do" in text
    assert "Add somebody" not in text
    assert f"{of(ada).pk}/remove" not in text
    assert f"{of(tom).pk}/remove" in text, "one may leave"


def test_the_list_says_who_gave_a_role(owner: Client, tom: User) -> None:
    owner.post(f"{PATH}{of(tom).pk}/role", {"role": "editor"})
    assert "role by ada" in owner.get(PATH).text


def test_members_of_other_projects_are_not_shown(owner: Client) -> None:
    other = factories.stranger()
    assert f"<b>{other.username}</b>" not in owner.get(PATH).text


def test_the_page_costs_the_same_for_many_members(
    owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        factories.teammate(project=project)
    with django_assert_num_queries(6):  # session, person, memberships, the page, and two for who may be given a link
        owner.get(PATH)


def test_a_long_list_has_pages(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalhub.accounts.selectors.PAGE_OF_MEMBERS", 2)
    for name in ("bob", "cem", "dora"):
        factories.user(project=project, name=name)
    first = owner.get(PATH).text
    assert "<b>bob</b>" in first
    assert "<b>cem</b>" not in first
    assert "?after=bob" in first
    assert "<b>cem</b>" in owner.get(f"{PATH}?after=bob").text


# Adding


def test_somebody_with_an_account_is_added_by_user_name(owner: Client, project: Project, ada: User) -> None:
    eve = factories.stranger()
    assert added(owner, "known", eve.username, "editor")[0] == 200
    made = Membership.objects.get(user=eve, project=project)
    assert (made.role, made.changed_by) == ("editor", ada)


def test_somebody_new_gets_an_account_and_a_link_that_signs_them_in_once(owner: Client) -> None:
    status, text = added(owner, "new", "nora", "editor")
    assert status == 200
    nora = User.objects.get(username="nora")
    assert not nora.has_usable_password()
    assert not nora.is_staff
    fresh = Client()
    path = link_in(text)
    assert fresh.get(path).status_code == 302
    assert fresh.get("/runs/").status_code == 200
    assert Client().get(path).status_code == 410


def test_a_link_is_on_no_page_that_is_kept(owner: Client) -> None:
    answer = owner.post(PATH, {"who": "new", "username": "nora", "role": "viewer"})
    assert "no-store" in answer["Cache-Control"]
    assert "/sign-in/" not in owner.get(PATH).text


def test_the_form_sent_again_makes_no_second_account(owner: Client) -> None:
    added(owner, "new", "nora")
    status, text = added(owner, "new", "nora")
    assert status == 400
    assert "/sign-in/" not in text
    assert User.objects.filter(username="nora").count() == 1


@pytest.mark.parametrize(
    ("who", "username", "role", "said"),
    [
        ("known", "nobody", "viewer", "Nobody here has this user name."),
        ("known", "ada", "viewer", "ada is a member already"),
        ("new", "ADA", "viewer", "This user name is taken."),
        ("new", "two words", "viewer", "Enter a valid username"),
        ("new", "", "viewer", "This field is required."),
        ("new", "n\x00ra", "viewer", "Null characters are not allowed."),
        ("known", "ada", "emperor", "emperor is not one of the available choices"),
        ("new", "x" * 151, "viewer", "at most 150 characters"),
    ],
)
def test_what_cannot_be_a_member_is_said_and_kept(owner: Client, who: str, username: str, role: str, said: str) -> None:
    status, text = added(owner, who, username, role)
    assert status == 400
    assert said in text
    assert f'value="{who}" checked' in text
    assert Membership.objects.count() == 1


def test_somebody_who_may_not_sign_in_is_not_added(owner: Client) -> None:
    eve = factories.stranger()
    User.objects.filter(pk=eve.pk).update(is_active=False)
    assert added(owner, "known", eve.username)[0] == 400


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_only_owners_change_anything(project: Project, ada: User, role: str) -> None:
    client = signed_in(factories.user(project=project, role=role))
    assert added(client, "new", "nora")[0] == 403
    assert client.post(f"{PATH}{of(ada).pk}/role", {"role": "viewer"}).status_code == 403
    assert client.post(f"{PATH}{of(ada).pk}/remove").status_code == 403
    assert client.post(f"{PATH}{of(ada).pk}/link").status_code == 403
    assert of(ada).role == Role.OWNER


def test_a_member_of_another_project_does_not_exist(owner: Client) -> None:
    other = of(factories.stranger())
    for action in ("role", "remove", "link"):
        assert owner.post(f"{PATH}{other.pk}/{action}", {"role": "viewer"}).status_code == 404
    assert Membership.objects.filter(pk=other.pk, role=Role.OWNER).exists()


def test_another_site_changes_nothing(owner: Client, tom: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = owner.cookies
    for path in (PATH, *(f"{PATH}{of(tom).pk}/{action}" for action in ("role", "remove", "link"))):
        assert strict.post(path, {"role": "owner"}).status_code == 403
    assert of(tom).role == Role.VIEWER


# Roles and the last owner


def test_a_role_is_changed(owner: Client, tom: User) -> None:
    answer = owner.post(f"{PATH}{of(tom).pk}/role", {"role": "owner"}, follow=True)
    assert "tom is now owner of this project." in answer.text
    assert of(tom).is_owner


def test_an_unknown_role_is_refused(owner: Client, tom: User) -> None:
    assert owner.post(f"{PATH}{of(tom).pk}/role", {"role": "emperor"}).status_code == 400
    assert of(tom).role == Role.VIEWER


def test_the_last_owner_is_neither_demoted_nor_removed(owner: Client, ada: User, tom: User) -> None:
    for action, given in (("role", {"role": "viewer"}), ("remove", {"confirm": "leave"})):
        answer = owner.post(f"{PATH}{of(ada).pk}/{action}", given)
        assert answer.status_code == 409
        assert "ada is the only owner of this project." in answer.text
    assert of(ada).is_owner


def test_an_owner_who_may_not_sign_in_does_not_count(owner: Client, project: Project, ada: User) -> None:
    User.objects.filter(pk=factories.user(project=project).pk).update(is_active=False)
    assert owner.post(f"{PATH}{of(ada).pk}/role", {"role": "viewer"}).status_code == 409


def test_one_leaves_only_on_purpose(owner: Client, project: Project, ada: User) -> None:
    factories.user(project=project)
    path = f"{PATH}{of(ada).pk}/remove"
    assert owner.post(path).status_code == 400
    assert of(ada).is_owner
    assert owner.post(path, {"confirm": "leave"})["Location"] == "/"
    assert not Membership.objects.filter(user=ada).exists()


def test_a_viewer_may_leave(tom: User, ada: User) -> None:
    assert signed_in(tom).post(f"{PATH}{of(tom).pk}/remove", {"confirm": "leave"}).status_code == 302
    assert not Membership.objects.filter(user=tom).exists()


def test_a_removed_member_sees_nothing_more(owner: Client, tom: User) -> None:
    theirs = signed_in(tom)
    assert theirs.get("/runs/").status_code == 200
    owner.post(f"{PATH}{of(tom).pk}/remove")
    assert theirs.get("/runs/").status_code == 403


def test_who_was_demoted_meanwhile_changes_nothing(project: Project, ada: User, tom: User) -> None:
    Membership.objects.filter(user=ada).update(role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        member_role_set(project=project, actor=ada, member_id=of(tom).pk, role=Role.OWNER)


def raced(*acts: Callable[[], object]) -> list[BaseException | None]:
    """What each act raised, all begun at the same moment, each on a connection of its own."""
    start, raised = threading.Barrier(len(acts)), [None] * len(acts)

    def act(index: int) -> None:
        start.wait()
        try:
            acts[index]()
        except Exception as error:
            raised[index] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(raised)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["demote", "remove"])
def test_two_owners_who_act_on_each_other_leave_one(act: str) -> None:
    for _ in range(5):
        project = factories.project()
        one, two = factories.user(project=project), factories.user(project=project)

        def against(actor: User, other: User, project: Project = project) -> Callable[[], object]:
            member_id = of(other).pk
            if act == "demote":
                return lambda: member_role_set(project=project, actor=actor, member_id=member_id, role=Role.VIEWER)
            return lambda: member_remove(project=project, actor=actor, member_id=member_id)

        raised = raced(against(one, two), against(two, one))
        assert Membership.objects.filter(project=project, role=Role.OWNER).count() == 1
        assert sum(isinstance(error, LastOwner | PermissionDenied) for error in raised) == 1
