import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Membership, Project, Role
from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
MENU = 'action="/project"'


@pytest.fixture
def kitchen() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def garden() -> Project:
    return factories.project(name="garden")


@pytest.fixture
def owner(kitchen: Project, garden: Project) -> Client:
    """An owner of the kitchen who reads in the garden."""
    person = factories.owner(project=kitchen)
    Membership.objects.create(user=person, project=garden, role=Role.VIEWER)
    return signed_in(person)


@pytest.fixture
def teammate(kitchen: Project) -> Client:
    return signed_in(factories.teammate(project=kitchen))


@pytest.fixture
def stranger() -> Client:
    return signed_in(factories.stranger())


@pytest.fixture
def garden_run(garden: Project) -> EvalRun:
    return factories.run(project=garden, agent=factories.agent(project=garden, name="Gardener"))


def chosen(client: Client) -> str | None:
    """The name of the project that the session says."""
    stored = client.session.get("project")
    return Project.objects.get(pk=stored).name if stored else None


def listed(client: Client, run: EvalRun) -> bool:
    return f"/runs/{run.id}/" in client.get("/runs/").text


def test_the_menu_names_every_project_of_the_person_and_marks_the_one_they_are_in(owner: Client) -> None:
    text = owner.get("/runs/").text
    assert MENU in text
    assert 'value="kitchen" aria-current="true"' in text
    assert 'value="garden">' in text


def test_whoever_is_in_one_project_sees_its_name_and_no_menu(teammate: Client) -> None:
    text = teammate.get("/runs/").text
    assert MENU not in text
    assert "kitchen" in text


def test_switching_shows_the_other_projects_runs_and_lasts(owner: Client, garden_run: EvalRun) -> None:
    assert not listed(owner, garden_run)
    response = owner.post("/project", {"project": "garden"})
    assert (response.status_code, response["Location"]) == (302, "/runs/")
    assert listed(owner, garden_run)
    assert 'value="garden" aria-current="true"' in owner.get("/runs/").text


def test_one_switches_back(owner: Client, garden_run: EvalRun) -> None:
    owner.post("/project", {"project": "garden"})
    owner.post("/project", {"project": "kitchen"})
    assert not listed(owner, garden_run)


def test_the_filter_of_the_list_is_kept(owner: Client) -> None:
    assert 'name="next" value="/runs/?status=failed"' in owner.get("/runs/?status=failed").text
    response = owner.post("/project", {"project": "garden", "next": "/runs/?status=failed"})
    assert response["Location"] == "/runs/?status=failed"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_never_leads_to_another_site(owner: Client, target: str) -> None:
    assert owner.post("/project", {"project": "garden", "next": target})["Location"] == "/runs/"


@pytest.mark.parametrize("name", ["garden", "no-such-project", ""])
def test_a_project_the_person_is_not_in_does_not_exist(teammate: Client, stranger: Client, garden: Project, name: str) -> None:
    for client in (teammate, stranger):
        assert client.post("/project", {"project": name}).status_code == 404
        assert chosen(client) is None


def test_a_link_cannot_switch(owner: Client) -> None:
    assert owner.get("/project?project=garden").status_code == 405


def test_another_site_cannot_switch(owner: Client) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = owner.cookies
    assert strict.post("/project", {"project": "garden"}).status_code == 403


def test_somebody_signed_out_is_led_to_sign_in(client: Client, garden: Project) -> None:
    assert client.post("/project", {"project": "garden"})["Location"] == "/sign-in?next=/runs/"


def test_a_membership_that_ended_leads_back_to_the_first_project(owner: Client, garden: Project, garden_run: EvalRun) -> None:
    owner.post("/project", {"project": "garden"})
    Membership.objects.filter(project=garden).delete()
    assert not listed(owner, garden_run)
    assert owner.get(f"/runs/{garden_run.id}/").status_code == 404


def test_opening_a_run_of_another_own_project_switches_to_it(owner: Client, garden_run: EvalRun) -> None:
    assert 'value="garden" aria-current="true"' in owner.get(f"/runs/{garden_run.id}/").text
    assert chosen(owner) == "garden"
    assert listed(owner, garden_run)


def test_opening_a_run_of_the_same_project_writes_no_session(owner: Client, kitchen: Project) -> None:
    owner.get(f"/runs/{factories.run(project=kitchen).id}/")
    assert chosen(owner) is None


def test_a_run_of_a_project_without_the_person_does_not_exist(teammate: Client, stranger: Client, garden_run: EvalRun) -> None:
    for client in (teammate, stranger):
        for path in ("", "live"):
            assert client.get(f"/runs/{garden_run.id}/{path}").status_code == 404
        assert client.post(f"/runs/{garden_run.id}/cancel").status_code == 404
        assert chosen(client) is None


def test_a_tab_left_open_keeps_polling_its_run_and_does_not_switch_back(owner: Client, kitchen: Project, garden: Project) -> None:
    run = factories.run(project=kitchen)
    owner.post("/project", {"project": "garden"})
    assert owner.get(f"/runs/{run.id}/live").status_code == 200
    assert chosen(owner) == "garden"


def test_the_role_is_the_one_in_the_runs_project(owner: Client, kitchen: Project, garden_run: EvalRun) -> None:
    own = factories.run(project=kitchen)
    assert owner.post(f"/runs/{garden_run.id}/cancel").status_code == 403
    owner.post("/project", {"project": "garden"})
    assert owner.post(f"/runs/{own.id}/cancel").status_code == 302
    own.refresh_from_db()
    garden_run.refresh_from_db()
    assert (own.status, garden_run.status) == (Status.CANCELLED, Status.PENDING)


def test_the_menu_costs_no_query(owner: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):  # session, person, memberships: what the page itself asks
        owner.get("/settings/project/")
