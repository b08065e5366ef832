"""What `create-key`, `create-project` and `sign-in-link` do. They work on the database itself, also while `evalhub up` runs."""

from pathlib import Path

from evalhub.cli.errors import CommandError
from evalhub.cli.installation import database_errors, django_start, require_started


def key_create(*, name: str, project: str, scopes: list[str], data_dir: Path | None) -> str:
    """A new API key, shown this once."""
    from django.core.exceptions import ValidationError

    _ready(data_dir)
    from evalhub.accounts.models import Project
    from evalhub.accounts.services import api_key_create

    with database_errors():
        found = Project.objects.filter(name=project).first()
        if found is None:
            names = ", ".join(Project.objects.values_list("name", flat=True)[:20])
            raise CommandError(f"There is no project {project!r}; there are: {names}. Make it with `evalhub create-project {project}`.")
        try:
            return api_key_create(project=found, name=name, scopes=scopes)[1]
        except ValidationError as error:
            raise CommandError(_sentence(error)) from None


def project_new(*, name: str, data_dir: Path | None) -> None:
    """A new project that the owner of this installation can open."""
    from django.core.exceptions import ValidationError

    _ready(data_dir)
    from evalhub.accounts.models import Project
    from evalhub.accounts.services import owner_ensure, project_create

    with database_errors():
        if Project.objects.filter(name=name).exists():
            raise CommandError(f"There is already a project {name!r}.")
        try:
            owner_ensure(project=project_create(name=name))
        except ValidationError as error:
            raise CommandError(f"{name!r} cannot be a project's name: {_sentence(error)}") from None


def link_new(*, username: str, url: str, data_dir: Path | None) -> str:
    """A one-time sign-in link for somebody who exists."""
    _ready(data_dir)
    from django.contrib.auth.models import User

    from evalhub.accounts.links import sign_in_path

    with database_errors():
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is nobody called {username!r} who may sign in.")
        return f"{url.rstrip('/')}{sign_in_path(user)}"


def _ready(data_dir: Path | None) -> None:
    django_start(data_dir)
    require_started()


def _sentence(error: object) -> str:
    messages: list[str] = getattr(error, "messages", [str(error)])
    return " ".join(messages)
