"""The three people, each signed in, an editor, and their project."""

import pytest
from django.test import Client

from evalhub.accounts.models import Project, Role
from tests import factories
from tests.runs.web.conftest import owner, project, signed_in, stranger, teammate

__all__ = ["owner", "project", "stranger", "teammate"]


@pytest.fixture
def editor(project: Project) -> Client:
    return signed_in(factories.user(project=project, role=Role.EDITOR))
