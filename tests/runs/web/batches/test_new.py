"""The page on which a batch is put together: what can be chosen, the estimate, what is refused and what is kept."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.models import Harness
from evalhub.accounts.models import Project
from runs.models import Batch, Target
from templates_app.models import ApiOperation, ApiSource, CustomEval, EnvProfile, Prompt, PromptTopic
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "/batches/new/"
DEMO = "text:demo:agent"


@pytest.fixture
def prompts(project: Project) -> list[Prompt]:
    topics = [PromptTopic.objects.create(project=project, name=name) for name in ("Pricing", "Support")]
    asked = [(topics[0], "Which is cheapest?"), (topics[0], "What does it cost?"), (topics[1], "Who answers at night?")]
    made = [Prompt.objects.create(project=project, topic=topic, text=text) for topic, text in asked]
    Prompt.objects.create(project=project, topic=topics[1], text="An old question", status="inactive")
    return made


@pytest.fixture
def source(project: Project) -> ApiSource:
    made = ApiSource.objects.create(project=project, source_type="rest_api", label="Pet store", api_base_url="https://pets.example")
    for position, (path, category) in enumerate([("/pets", "Pets"), ("/pets/{id}", "Pets"), ("/owners", "Owners")]):
        ApiOperation.objects.create(source=made, method="GET", path=path, category=category, position=position)
    return made


def sent(**changed: Any) -> dict[str, Any]:
    return {"kind": "prompts", "which": "all", "whom": "picked", "targets": [DEMO], "do": "start", "token": "t", **changed}


def started(client: Client, **changed: Any) -> Batch:
    response = client.post(NEW, sent(**changed))
    assert response.status_code == 302, response.context["form"].errors
    return Batch.objects.get(pk=response["Location"].split("/")[2])


def test_all_active_prompts_go_to_what_is_picked(owner: Client, prompts: list[Prompt]) -> None:
    made = started(owner, name="Morning")
    assert (made.name, made.trigger, made.total) == ("Morning", "page", 3)
    assert [target["label"] for target in made.targets] == ["demo/agent"]


def test_prompts_are_chosen_by_topic_or_one_by_one(owner: Client, prompts: list[Prompt]) -> None:
    assert started(owner, which="groups", groups=[str(prompts[0].topic_id)], force="on").total == 2
    assert started(owner, which="picked", picked=[str(prompts[2].pk)], force="on").total == 1


def test_operations_are_chosen_by_category_or_one_by_one_in_environments(owner: Client, project: Project, source: ApiSource) -> None:
    for key in ("staging", "live"):
        EnvProfile.objects.create(project=project, key=key, name=key.title())
    common = {"kind": "rest_api", "source": str(source.pk)}
    assert started(owner, **common).total == 3
    assert started(owner, **common, which="groups", groups=["Owners"]).total == 1
    picked = started(owner, **common, which="picked", picked=[str(source.operations.first().pk)], profiles=["staging", "live"])  # type: ignore[union-attr]
    assert (picked.total, [profile["name"] for profile in picked.profiles]) == (2, ["Staging", "Live"])


def test_it_says_in_which_environment_a_batch_runs_that_ticks_none(owner: Client, project: Project, source: ApiSource) -> None:
    address = f"{NEW}?kind=rest_api&source={source.pk}"
    assert "requests carry no credentials" in owner.get(address).text
    source.default_env_profile = EnvProfile.objects.create(project=project, key="staging", name="Staging")
    source.save()
    assert "none ticked: Staging, unless an eval has its own" in owner.get(address).text


def test_custom_evals_are_chosen(owner: Client, project: Project) -> None:
    first, _ = (CustomEval.objects.create(project=project, prompt=text) for text in ("Write a test.", "Mend a bug."))
    assert started(owner, kind="custom_evals").total == 2
    assert started(owner, kind="custom_evals", which="picked", picked=[str(first.pk)]).total == 1


def test_what_runs_by_default_is_counted_and_where_nothing_does_it_is_not_proposed(
    owner: Client, project: Project, source: ApiSource
) -> None:
    address = f"{NEW}?kind=rest_api&source={source.pk}"
    source.operations.filter(path="/owners").update(is_selected=False)
    page = owner.get(address)
    assert "All operations that run by default (2)" in page.text
    assert page.context["form"]["which"].value() == "all"
    source.operations.update(is_selected=False)
    assert owner.get(address).context["form"]["which"].value() == "picked"


def test_targets_may_be_typed_models_and_coding_agents(owner: Client, project: Project, prompts: list[Prompt]) -> None:
    Harness.objects.create(project=project, name="mine", argv="mine {prompt}", model_names=["small"])
    assert "agent:mine:small" in owner.get(NEW).text
    made = started(owner, targets=["agent:mine:small"], more_targets="demo/agent\r\ncodex/gpt-5")
    assert [target["key"] for target in made.targets] == ["agent:mine:small", "text:demo:agent", "agent:codex:gpt-5"]


def test_the_configured_targets_are_offered_and_used(owner: Client, project: Project, prompts: list[Prompt]) -> None:
    Target.objects.create(project=project, source_type="prompts", execution_platform="demo", model_id="agent")
    assert "The configured targets (1)" in owner.get(NEW).text
    assert started(owner, whom="configured", targets=[]).total == 3


def test_the_estimate_says_how_many_children_before_anything_starts(owner: Client, prompts: list[Prompt]) -> None:
    part = owner.post(f"{NEW}estimate", sent(), headers={"HX-Request": "true"}).text
    assert "<dd>3</dd>" in part
    assert "free" in part
    shown = owner.post(NEW, sent(do="update", name="Kept"))
    assert (shown.status_code, "<dd>3</dd>" in shown.text, 'value="Kept"' in shown.text) == (200, True, True)
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"which": "picked"}, "Tick one at least, or choose another way above."),
        ({"which": "groups"}, "Tick a topic at least, or choose another way above."),
        ({"targets": []}, "Tick a model or coding agent at least, or name one under Others."),
        ({"whom": "configured", "targets": []}, "No configured prompt targets were found"),
        ({"more_targets": "nowhere/m"}, "There is no platform"),
        ({"more_targets": "demo/nobody"}, "There is no demo model"),
        ({"max_cost_usd": "-1"}, "The limit must be greater than or equal to 0.0001."),
        ({"max_cost_usd": "0,50"}, "The limit must be a number, such as 0.50."),
        ({"targets": ["text:openai:m"]}, "Select a valid choice"),
    ],
)
def test_what_cannot_run_is_said_and_the_input_stays(owner: Client, prompts: list[Prompt], changed: dict[str, Any], said: str) -> None:
    response = owner.post(NEW, sent(name="Typed with care", **changed))
    assert response.status_code == 400
    assert said in response.text
    assert 'value="Typed with care"' in response.text
    assert not Batch.objects.exists()


def test_a_source_that_is_gone_is_not_replaced_by_another(owner: Client, project: Project, source: ApiSource) -> None:
    gone = ApiSource.objects.create(project=project, source_type="rest_api", label="A store of old")
    common = sent(kind="rest_api", source=str(gone.pk))
    gone.delete()
    for response in (owner.post(NEW, common), owner.post(f"{NEW}estimate", common)):
        assert "The source that was chosen is gone. What is shown now is of Pet store: choose anew." in response.text
    assert not Batch.objects.exists()


def test_a_form_that_is_sent_twice_starts_one_batch(owner: Client, prompts: list[Prompt]) -> None:
    first, second = started(owner, token="same"), started(owner, token="same")
    assert first == second
    assert started(owner, token="another", force="on") != first


def test_opening_it_costs_a_constant_number_of_queries(
    owner: Client, project: Project, prompts: list[Prompt], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner.get(NEW)
    with django_assert_num_queries(10):
        owner.get(NEW)
    for number in range(20):
        Prompt.objects.create(project=project, topic=prompts[0].topic, text=f"Question {number}")
    with django_assert_num_queries(10):
        owner.get(NEW)


def test_a_kind_without_a_source_leads_to_where_one_is_made(owner: Client) -> None:
    assert "No source of this kind yet" in owner.get(f"{NEW}?kind=sdk").text


def test_a_viewer_starts_nothing(teammate: Client, prompts: list[Prompt]) -> None:
    assert teammate.get(NEW).status_code == 403
    assert teammate.post(NEW, sent()).status_code == 403


def test_prompts_of_another_project_cannot_be_picked(owner: Client, prompts: list[Prompt]) -> None:
    other = factories.project()
    topic = PromptTopic.objects.create(project=other, name="Theirs")
    theirs = Prompt.objects.create(project=other, topic=topic, text="Their question")
    response = owner.post(NEW, sent(which="picked", picked=[str(theirs.pk)]))
    assert response.status_code == 400
    assert "Their question" not in response.text
