"""From names to models: defaults, bare names, and where secrets may go."""

from typing import Any

import pytest

from agents.clients import UnknownModel, agent_spec, load_providers
from agents.models import Agent, ModelProvider
from tests import factories

pytestmark = pytest.mark.django_db


def provider(name: str = "mine", **columns: Any) -> ModelProvider:
    columns.setdefault("base_url", "http://127.0.0.1:1/v1")
    return ModelProvider.objects.create(project=columns.pop("project"), name=name, **columns)


def test_without_a_provider_the_demo_models_are_the_defaults() -> None:
    providers = load_providers(factories.project())
    assert [providers.spec("", part=part).name for part in ("agent", "user", "judge")] == ["demo/agent", "demo/user", "demo/judge"]


def test_a_provider_with_a_default_model_takes_over() -> None:
    project = factories.project()
    provider(project=project, default_model="small")
    assert load_providers(project).spec("", part="judge").name == "mine/small"


def test_the_default_of_the_installation_wins(settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"default_model": "demo/agent"})
    project = factories.project()
    provider(project=project, default_model="small")
    assert load_providers(project).spec("", part="agent").name == "demo/agent"


def test_a_key_in_the_environment_is_a_provider_and_a_row_of_the_same_name_hides_it(settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": "sk-env"})
    project = factories.project()
    assert load_providers(project).spec("openai/gpt-4.1-mini", part="agent").api_key == "sk-env"
    provider("openai", project=project).set_secret("unsaved")
    assert load_providers(project).spec("openai/gpt-4.1-mini", part="agent").api_key == ""


@pytest.mark.parametrize(("name", "found"), [("gpt-4.1-mini", "openai/gpt-4.1-mini"), ("claude-haiku-4-5", "anthropic/claude-haiku-4-5")])
def test_a_bare_name_goes_to_the_provider_that_serves_it(settings: Any, name: str, found: str) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": "a", "anthropic_api_key": "b"})
    assert load_providers(factories.project()).spec(name, part="agent").name == found


def test_a_name_that_leads_nowhere_says_what_is_configured() -> None:
    project = factories.project()
    provider(project=project)
    with pytest.raises(UnknownModel, match="configured: mine, demo"):
        load_providers(project).spec("nobody/x", part="agent")


def test_another_projects_provider_is_not_there() -> None:
    provider("theirs", project=factories.project())
    assert load_providers(factories.project()).by_name == {}


def test_a_secret_goes_only_to_the_server_it_was_given_for() -> None:
    project = factories.project()
    agent = factories.agent(project=project, kind=Agent.Kind.WEBHOOK, endpoint_url="https://old.example/hook")
    frozen = agent.snapshot()
    agent.set_secret("token")
    agent.save()
    assert agent_spec(frozen, load_providers(project), project=project).api_key == "token"
    agent.endpoint_url = "https://new.example/hook"
    agent.save()
    assert agent_spec(frozen, load_providers(project), project=project).api_key == ""
    assert agent_spec(agent.snapshot(), load_providers(project), project=project).api_key == "token"
