"""A form of a new run, as a browser sends it."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from agents.models import Agent
from evalhub.accounts.models import Project
from templates_app.models import EvalTemplate, Persona
from tests import factories

NEW = "/runs/new/"
TALK = "User: My order has not arrived.\nAssistant: It comes tomorrow."
Typed = dict[str, Any]
Fill = Callable[..., Typed]


def html(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def typed_rows(answer: Any) -> list[tuple[str, list[str]]]:
    """(name, turns) of each session as the page shows them."""
    page = answer.content.decode()
    names = re.findall(r'id="session-\d+-name" name="session-\d+-name" type="text" value="([^"]*)"', page)
    turns = re.findall(r'<textarea id="session-(\d+)-turn-\d+"[^>]*>\n([^<]*)</textarea>', page)
    return [(name, [text for session, text in turns if int(session) == number]) for number, name in enumerate(names)]


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


@pytest.fixture
def template(project: Project) -> EvalTemplate:
    return factories.template(project=project)


@pytest.fixture
def persona(project: Project) -> Persona:
    return Persona.objects.create(project=project, name="Jonas", goal="Dinner", facts=["Lina is six"], patience=3)


@pytest.fixture
def filled(agent: Agent, template: EvalTemplate, persona: Persona) -> Fill:
    """What a browser sends of the form as it opens, with changes."""

    def fill(**changes: Any) -> Typed:
        typed = {
            "token": str(uuid.uuid4()),
            "agent": str(agent.pk),
            "kind": "run_eval",
            "template": str(template.pk),
            "adaptation_template": "",
            "persona": str(persona.pk),
            "turns": "5",
            "repeats": "1",
            "session-0-name": "",
            "session-0-gap": "0",
            "do": "start",
        }
        return typed | {name.replace("__", "-"): value for name, value in changes.items()}

    return fill
