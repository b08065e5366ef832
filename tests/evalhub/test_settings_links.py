"""Sign-in links that owners make for members: never for more than they own, and good only while that is so."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from evalhub.accounts.links import linkable, sign_in_path, user_of_link
from evalhub.accounts.models import Membership, Project, Role
from tests import factories
from tests.evalhub.test_settings_members import PATH, ada, link_in, of, owner, project, tom

pytestmark = pytest.mark.django_db
__all__ = ["ada", "owner", "project", "tom"]  # fixtures


def test_an_owner_makes_a_fresh_link_for_a_member_who_lost_theirs(owner: Client, tom: User) -> None:
    path = link_in(owner.post(f"{PATH}{of(tom).pk}/link").text)
    fresh = Client()
    fresh.get(path)
    assert fresh.session["_auth_user_id"] == str(tom.pk)


@pytest.mark.parametrize("above", ["is_staff", "is_superuser"])
def test_no_owner_makes_a_link_for_staff(owner: Client, tom: User, above: str) -> None:
    User.objects.filter(pk=tom.pk).update(**{above: True})
    answer = owner.post(f"{PATH}{of(tom).pk}/link")
    assert answer.status_code == 403
    assert "evalhub sign-in-link --user tom" in answer.text
    assert "/sign-in/" not in answer.text
    assert "/link" not in owner.get(PATH).text


def test_no_owner_takes_over_an_account_that_is_elsewhere_too(owner: Client, tom: User) -> None:
    Membership.objects.create(user=tom, project=factories.project(), role=Role.VIEWER)
    assert owner.post(f"{PATH}{Membership.objects.get(user=tom, project__name='kitchen').pk}/link").status_code == 403


def test_an_owner_of_all_their_projects_makes_one(owner: Client, ada: User, tom: User) -> None:
    second = factories.project()
    Membership.objects.create(user=tom, project=second, role=Role.VIEWER)
    Membership.objects.create(user=ada, project=second, role=Role.OWNER)
    assert linkable(ada, [tom, ada]) == {tom.pk}


def test_nobody_in_no_project_of_mine_is_linkable(ada: User) -> None:
    assert linkable(ada, [factories.user(), factories.stranger()]) == set()


@pytest.mark.parametrize(
    "change", ["joins another project", "becomes staff", "is removed", "maker is demoted", "maker is gone", "signs in"]
)
def test_a_link_dies_when_its_maker_could_not_make_it_any_more(ada: User, tom: User, project: Project, change: str) -> None:
    uid, token = sign_in_path(tom, made_by=ada).split("/")[-2:]
    assert user_of_link(uid, token) == tom
    if change == "joins another project":
        Membership.objects.create(user=tom, project=factories.project())
    elif change == "becomes staff":
        User.objects.filter(pk=tom.pk).update(is_staff=True)
    elif change == "is removed":
        of(tom).delete()
    elif change == "maker is demoted":
        Membership.objects.filter(user=ada).update(role=Role.VIEWER)
    elif change == "maker is gone":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    else:
        Client().post("/sign-in", {"username": "tom", "password": "correct horse battery"})
    assert user_of_link(uid, token) is None


def test_a_link_cannot_be_passed_off_as_another_makers_or_the_machines(ada: User, tom: User) -> None:
    from django.utils.http import urlsafe_base64_encode

    token = sign_in_path(tom, made_by=ada).split("/")[-1]
    for whose in (f"{tom.pk}", f"{tom.pk}.{tom.pk}", f"{ada.pk}.{ada.pk}", f"{tom.pk}.", f"{tom.pk}.x", "9" * 400):
        assert user_of_link(urlsafe_base64_encode(whose.encode()), token) is None
