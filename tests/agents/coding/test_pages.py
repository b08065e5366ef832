"""The pages of coding agents: what is built in is shown, owners keep the project's own, and a command is checked as it is typed."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.models import Harness
from evalhub.accounts.models import Project
from tests import factories

pytestmark = pytest.mark.django_db
HOME = "/settings/coding-agents/"
GIVEN = {
    "name": "my-agent",
    "label": "My agent",
    "argv": "my-agent --model {model} -- {prompt}",
    "model_names": "small\r\n\r\nlarge\r\nsmall",
    "environment_names": "API_TOKEN",
    "allowed_hosts": "api.example.com",
    "timeout_seconds": "90",
    "cost_usd": "0.05",
    "is_active": "on",
}


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def owner(client: Client, project: Project) -> Client:
    client.force_login(factories.user(project=project))
    return client


@pytest.fixture
def viewer(project: Project) -> Client:
    client = Client()
    client.force_login(factories.teammate(project=project))
    return client


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without the program."""
    monkeypatch.setenv("PATH", str(tmp_path))


def harness(project: Project, **columns: Any) -> Harness:
    return Harness.objects.create(project=project, **({"name": "mine", "argv": "mine {prompt}"} | columns))


def test_built_in_agents_are_listed_with_their_command_and_cannot_be_opened(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.get(HOME)
    with django_assert_num_queries(4):
        page = viewer.get(HOME).text
    assert "Codex" in page
    assert "claude --print" in page
    assert "CODEX_API_KEY" in page
    assert "Add coding agent" not in page


def test_an_owner_adds_one_with_a_line_a_model(owner: Client, project: Project) -> None:
    assert owner.post(f"{HOME}new", GIVEN).status_code == 302
    made = Harness.objects.get(project=project)
    assert (made.model_names, made.environment_names, made.allowed_hosts) == (["small", "large"], ["API_TOKEN"], ["api.example.com"])
    assert (made.timeout_seconds, str(made.cost_usd), made.is_active) == (90, "0.0500", True)
    assert "my-agent --model {model} -- {prompt}" in owner.get(HOME).text


def test_hosts_are_those_that_an_environment_may_name_each_once(owner: Client, project: Project) -> None:
    hosts = "api.example.com\n*.Example.com\n\nlocalhost:8443\napi.example.com"
    assert owner.post(f"{HOME}new", GIVEN | {"allowed_hosts": hosts, "model_names": "small\nsmall"}).status_code == 302
    made = Harness.objects.get(project=project)
    assert (made.allowed_hosts, made.model_names) == (["api.example.com", "*.example.com", "localhost:8443"], ["small"])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("argv", "my-agent --ask", "must have {prompt}"),
        ("argv", "my-agent {prompt} {secret}", "{secret} in the command is none of"),
        ("argv", "sh -c 'run {prompt}'", "would be run by it"),
        ("argv", "my-agent 'open", "a quotation mark is not closed"),
        ("allowed_hosts", "https://api.example.com/v1", "is no host"),
        ("environment_names", "API-TOKEN", "is no name such as API_KEY"),
        ("timeout_seconds", "0", "greater than or equal to 1"),
        ("name", "my agent", "Only letters, digits"),
        ("model_names", "x" * 151, "has 151 characters; at most 150 are kept"),
    ],
)
def test_what_cannot_be_used_is_said_beside_it_and_the_rest_stays(owner: Client, field: str, value: str, said: str) -> None:
    response = owner.post(f"{HOME}new", GIVEN | {field: value})
    assert response.status_code == 400
    assert said in response.text.replace("&#x27;", "'")
    assert 'value="My agent"' in response.text
    assert not Harness.objects.exists()


def test_a_name_that_is_taken_is_refused(owner: Client, project: Project) -> None:
    harness(project, name="my-agent")
    response = owner.post(f"{HOME}new", GIVEN)
    assert response.status_code == 400
    assert "Another coding agent of this project has this name." in response.text


def test_a_refused_change_changes_nothing(owner: Client, project: Project) -> None:
    mine = harness(project)
    assert owner.post(f"{HOME}{mine.pk}/", GIVEN | {"argv": "nothing"}).status_code == 400
    mine.refresh_from_db()
    assert mine.argv == "mine {prompt}"


def test_one_is_changed_and_deleted(owner: Client, project: Project) -> None:
    mine = harness(project)
    assert owner.post(f"{HOME}{mine.pk}/", GIVEN | {"is_active": ""}).status_code == 302
    mine.refresh_from_db()
    assert (mine.name, mine.is_active) == ("my-agent", False)
    assert "not in use" in owner.get(HOME).text
    owner.post(f"{HOME}{mine.pk}/delete")
    assert not Harness.objects.exists()


def test_one_of_a_built_in_name_stands_in_its_place(owner: Client, project: Project) -> None:
    harness(project, name="codex", argv="other-codex {prompt}")
    page = owner.get(HOME).text
    assert "other-codex" in page
    assert "CODEX_API_KEY" not in page


def test_a_command_is_shown_as_the_arguments_it_becomes(owner: Client) -> None:
    page = owner.post(f"{HOME}check", {"argv": "my-agent --in {workdir} -m {model} {prompt}"}).text
    assert "<code>/work</code>" in page
    assert "<code>Write a script that …</code>" in page
    assert "must have {prompt}" in owner.post(f"{HOME}check", {"argv": "my-agent"}).text


def test_a_viewer_reads_and_changes_nothing(viewer: Client, project: Project) -> None:
    mine = harness(project)
    page = viewer.get(f"{HOME}{mine.pk}/").text
    assert "mine {prompt}" in page
    assert '<button class="button button-main"' not in page
    assert viewer.post(f"{HOME}{mine.pk}/", GIVEN).status_code == 403
    assert viewer.get(f"{HOME}new").status_code == 403
    assert viewer.post(f"{HOME}check", {"argv": "x"}).status_code == 403


def test_without_a_sandbox_it_says_what_follows(owner: Client, no_bubblewrap: None, settings: Any) -> None:
    assert "are not executed, and their evals fail with that reason" in owner.get(HOME).text
    settings.ALLOW_UNSANDBOXED = True
    page = owner.get(HOME).text
    assert "Code runs without a sandbox" in page
    assert "Every such run says so." in page
