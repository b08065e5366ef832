"""The three people, each signed in, and their project."""

import pytest
from django.test import Client

from evalhub.accounts.models import Project
from tests import factories
from tests.factories import signed_in


@pytest.fixture
def project(db: None) -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def owner(project: Project) -> Client:
    return signed_in(factories.owner(project=project))


@pytest.fixture
def teammate(project: Project) -> Client:
    return signed_in(factories.teammate(project=project))


@pytest.fixture
def stranger(db: None) -> Client:
    return signed_in(factories.stranger())
