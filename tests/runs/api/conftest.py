"""Owner and teammate hold keys of one project, the stranger of another; an agent and templates to run with."""

from typing import Any

import pytest

from agents.models import Agent
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api, teammates


@pytest.fixture
def people(db: None) -> list[Api]:
    return teammates()


@pytest.fixture
def owner(people: list[Api]) -> Api:
    return people[0]


@pytest.fixture
def teammate(people: list[Api]) -> Api:
    return people[1]


@pytest.fixture
def stranger(db: None) -> Api:
    return Api(factories.project())


@pytest.fixture
def agent(owner: Api) -> Agent:
    return factories.agent(project=owner.project, name="Mara", model="demo/agent")


@pytest.fixture
def quality(owner: Api) -> EvalTemplate:
    return factories.template(project=owner.project, name="Ours")


@pytest.fixture
def adaptation(owner: Api) -> EvalTemplate:
    return factories.template(project=owner.project, name="How it adapts", kind="adaptation")


@pytest.fixture
def pasted(quality: EvalTemplate) -> dict[str, Any]:
    """The smallest body of `evaluate`."""
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    return {"template_id": str(quality.id), "messages": messages}
