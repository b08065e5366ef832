"""Keys, projects and sign-in links from the command line, and the refusals around a database."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from evalhub.accounts.links import user_of_link
from evalhub.accounts.models import ApiKey, Project
from evalhub.accounts.selectors import api_key_find
from evalhub.cli.installation import OUR_APPS
from evalhub.cli.options import Scope
from tests.evalhub.cli.conftest import Command

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="default")


def test_create_key_prints_the_key_and_nothing_else(command: Command, project: Project) -> None:
    ended = command("create-key", "ci")
    assert (ended.code, ended.err) == (0, "")
    key = api_key_find(ended.out.removesuffix("\n"))
    assert key is not None
    assert (key.name, key.project) == ("ci", project)


def test_a_key_may_be_made_for_reading_only(command: Command, project: Project) -> None:
    key = api_key_find(command("create-key", "dashboard", "--scope", "read", "--scope", "run").out.strip())
    assert key is not None
    assert key.scopes == ["read", "run"]


def test_the_scopes_of_the_command_are_those_of_keys() -> None:
    assert [str(scope) for scope in Scope] == [str(scope) for scope in ApiKey.Scope]


def test_an_unknown_scope_is_refused_with_those_there_are(command: Command, project: Project) -> None:
    ended = command("create-key", "ci", "--scope", "admin")
    assert ended.code == 2
    assert all(scope in ended.err for scope in ("read", "run", "write"))


def test_a_key_for_an_unknown_project_names_those_there_are(command: Command, project: Project) -> None:
    ended = command("create-key", "ci", "--project", "nope")
    assert ended.code == 2
    assert ended.err == "evalhub: There is no project 'nope'; there are: default. Make it with `evalhub create-project nope`.\n"


def test_a_key_without_a_name_is_refused_with_the_reason(command: Command, project: Project) -> None:
    ended = command("create-key", " ")
    assert ended.code == 2
    assert "which one to revoke" in ended.err


def test_a_new_project_can_be_opened_by_the_owner(command: Command, project: Project) -> None:
    assert command("create-project", "support-bot").code == 0
    assert User.objects.get(username="owner").memberships.filter(project__name="support-bot").exists()


def test_a_project_that_exists_is_told(command: Command, project: Project) -> None:
    ended = command("create-project", "default")
    assert (ended.code, ended.err) == (2, "evalhub: There is already a project 'default'.\n")


def test_a_name_that_is_no_slug_is_told(command: Command) -> None:
    ended = command("create-project", "my project")
    assert ended.code == 2
    assert ended.err.startswith("evalhub: 'my project' cannot be a project's name: ")


def test_a_sign_in_link_signs_in_whom_it_names(command: Command) -> None:
    maria = User.objects.create_user("maria")
    ended = command("sign-in-link", "--user", "maria", "--url", "https://evalhub.example.org/")
    assert ended.out.startswith("https://evalhub.example.org/sign-in/")
    uid, token = ended.out.strip().split("/")[-2:]
    assert user_of_link(uid, token) == maria


def test_a_link_for_nobody_is_told(command: Command) -> None:
    ended = command("sign-in-link", "--user", "nobody")
    assert (ended.code, ended.err) == (2, "evalhub: There is nobody called 'nobody' who may sign in.\n")


@pytest.mark.parametrize("asked", [["up", "--port", "0"], ["web", "--port", "0"], ["worker"], ["migrate"], ["create-key", "ci"]])
def test_a_database_of_a_newer_version_is_one_sentence(command: Command, project: Project, asked: list[str]) -> None:
    MigrationRecorder(connection).record_applied("runs", "0999_from_the_future")
    ended = command(*asked)
    assert ended.code == 2
    assert ended.err == (
        "evalhub: The database was made by a newer version of EvalHub. Update EvalHub, or choose another folder with --data-dir.\n"
    )


def test_a_database_with_tables_of_somebody_else_is_left_alone(command: Command, project: Project) -> None:
    ours = [key[0] for key in MigrationRecorder(connection).applied_migrations() if key[0] in OUR_APPS]
    MigrationRecorder(connection).migration_qs.filter(app__in=ours).delete()
    ended = command("create-key", "ci")
    assert ended.code == 2
    assert ended.err == "evalhub: The database has tables, but none of EvalHub's. If it is the right one, run `evalhub migrate` first.\n"
    assert not MigrationRecorder(connection).migration_qs.filter(app__in=ours).exists()


@pytest.mark.parametrize("asked", [["web", "--port", "0"], ["worker"], ["create-key", "ci"]])
def test_a_database_of_an_older_version_is_told_with_the_command_that_helps(command: Command, project: Project, asked: list[str]) -> None:
    MigrationRecorder(connection).migration_qs.filter(app="runs").delete()
    ended = command(*asked)
    assert ended.code == 2
    assert "Run `evalhub migrate` first." in ended.err
