"""The three people, each signed in, and their project."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from evalhub.accounts.models import Project
from tests import factories


@pytest.fixture
def project(db: None) -> Project:
    return factories.project(name="kitchen")


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner(project: Project) -> Client:
    return signed_in(factories.owner(project=project))


@pytest.fixture
def teammate(project: Project) -> Client:
    return signed_in(factories.teammate(project=project))


@pytest.fixture
def stranger(db: None) -> Client:
    return signed_in(factories.stranger())
