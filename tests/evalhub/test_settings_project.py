"""The project's own page: its name, and another project beside it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Membership, Project, Role
from tests import factories
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
PATH = "/settings/project/"


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def ada(project: Project) -> User:
    return factories.user(project=project, name="ada")


@pytest.fixture
def owner(ada: User) -> Client:
    return signed_in(ada)


@pytest.fixture
def viewer(project: Project) -> Client:
    return signed_in(factories.teammate(project=project))


def test_an_owner_renames_the_project(owner: Client, project: Project) -> None:
    assert "The project is called larder now." in owner.post(f"{PATH}rename", {"rename-name": "larder"}, follow=True).text
    project.refresh_from_db()
    assert project.name == "larder"


def test_people_who_work_in_a_renamed_project_stay_in_it(owner: Client, project: Project) -> None:
    first = factories.project(name="attic")
    tom = factories.user(project=first, role=Role.VIEWER)
    Membership.objects.create(user=tom, project=project, role=Role.VIEWER)
    theirs = signed_in(tom)
    theirs.post("/project", {"project": "kitchen"})
    owner.post(f"{PATH}rename", {"rename-name": "larder"})
    assert "<b>larder</b>" in theirs.get(PATH).text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "This field is required."),
        ("two words", "Only letters, digits, - and _."),
        ("attic", "This name is taken by another project."),
        ("x" * 81, "at most 80 characters"),
    ],
)
@pytest.mark.parametrize("form", ["rename", "start"])
def test_what_cannot_be_a_name_is_refused_and_kept(owner: Client, form: str, name: str, said: str) -> None:
    factories.project(name="attic")
    answer = owner.post(f"{PATH}{form}", {f"{form}-name": name})
    assert answer.status_code == 400
    assert said in answer.text
    assert "<b>kitchen</b>" in answer.text, "what is refused is not the project's name"
    assert set(Project.objects.values_list("name", flat=True)) == {"kitchen", "attic"}


def test_an_owner_makes_another_project_and_works_in_it(owner: Client, ada: User) -> None:
    assert "<b>garden</b>" in owner.post(f"{PATH}start", {"start-name": "garden"}, follow=True).text
    assert Membership.objects.get(user=ada, project__name="garden").is_owner


def test_staff_make_projects_too(project: Project) -> None:
    staff = signed_in(factories.user(project=project, role=Role.VIEWER, staff=True))
    assert staff.post(f"{PATH}start", {"start-name": "garden"}).status_code == 302


def test_who_owns_nothing_makes_and_renames_nothing(viewer: Client) -> None:
    text = viewer.get(PATH).text
    assert "Another project" not in text
    assert "Save name" not in text
    assert viewer.post(f"{PATH}start", {"start-name": "garden"}).status_code == 403
    assert viewer.post(f"{PATH}rename", {"rename-name": "garden"}).status_code == 403
    assert list(Project.objects.values_list("name", flat=True)) == ["kitchen"]


def test_another_site_changes_nothing(owner: Client) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = owner.cookies
    for form in ("rename", "start"):
        assert strict.post(f"{PATH}{form}", {f"{form}-name": "garden"}).status_code == 403


def test_the_page_costs_three_queries(owner: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):  # session, person, memberships
        owner.get(PATH)
