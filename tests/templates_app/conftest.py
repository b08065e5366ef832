"""The people of a project, each signed in, and what the editor's form sends."""

from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Project
from tests import factories
from tests.factories import signed_in

Sent = dict[str, Any]


@pytest.fixture
def project(db: None) -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def editor(project: Project) -> Client:
    return signed_in(factories.user(project=project, role="editor", name="edith"))


@pytest.fixture
def owner(project: Project) -> Client:
    return signed_in(factories.user(project=project, role="owner", name="olga"))


@pytest.fixture
def viewer(project: Project) -> Client:
    return signed_in(factories.teammate(project=project))


@pytest.fixture
def stranger(db: None) -> Client:
    return signed_in(factories.stranger())


@pytest.fixture
def sent() -> Sent:
    """A valid form of two categories."""
    return {
        "name": "Support quality",
        "template_type": "quality",
        "description": "For the help desk.",
        "scoring_rubric": "Judge only what the agent said.",
        "judge_model": "",
        "temperature": "0.3",
        "max_tokens": "8192",
        "judge_samples": "2",
        "note": "",
        "version": "",
        "category_label": ["Solved", "Tone"],
        "category_key": ["", "tone"],
        "category_prompt_instructions": ["Did the user get it?", "Was it friendly?"],
        "category_weight": ["3", "1"],
    }
