"""Which prompts go to whom: what is omitted is configured, what is explicit is meant, and nothing unknown is ignored."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.chosen import Chosen
from runs.batches.request import BadTarget, BadValue, NothingToRun, PromptsRequest, TargetSpec, UnknownId
from runs.models import EvalRun, Frequency, Trial
from runs.states import Status
from templates_app.models import Prompt
from tests import factories
from tests.batch_factories import batch, trial
from tests.support import asked

pytestmark = pytest.mark.django_db
NO_TARGETS = (
    "No configured prompt targets were found for this organization. Configure prompt targets first or include targets in the request."
)


@pytest.fixture
def project() -> Project:
    return factories.project()


def pairs(project: Project, **request: Any) -> list[tuple[str, str]]:
    chosen = choose(project, PromptsRequest(**request))
    return sorted(asked.labels(chosen.cells, chosen))


def test_omitted_prompts_are_all_active_ones(project: Project) -> None:
    asked.prompt(project, "One")
    asked.prompt(project, "Two")
    asked.prompt(project, "Asleep", status=Prompt.Status.INACTIVE)
    asked.prompt(project, "Away", status=Prompt.Status.ARCHIVED)
    asked.prompt(factories.project(), "Theirs")
    assert pairs(project, targets=[asked.AGENT]) == [("One", "demo/agent"), ("Two", "demo/agent")]


def test_named_prompts_are_run_also_when_inactive(project: Project) -> None:
    one = asked.prompt(project, "One", status=Prompt.Status.INACTIVE)
    asked.prompt(project, "Two")
    assert pairs(project, prompt_ids=[str(one.pk), str(one.pk)], targets=[asked.AGENT]) == [("One", "demo/agent")]


def test_a_product_too_large_for_one_run_is_refused_before_it_is_written_out(project: Project) -> None:
    asked.prompts(project, 1500)
    many = [replace(asked.AGENT, execution_platform="openai", model_id=f"m{number}") for number in range(1900)]
    asked.provider(project)
    tracemalloc.start()
    with pytest.raises(NothingToRun, match="more than 100,000 evals"):
        choose(project, PromptsRequest(targets=many))
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()
    with pytest.raises(BadValue, match="2,000 targets at most"):
        choose(project, PromptsRequest(targets=[*many, *many]))


def test_unknown_and_foreign_ids_are_named(project: Project) -> None:
    mine, theirs = asked.prompt(project), asked.prompt(factories.project())
    with pytest.raises(UnknownId, match=f"^Prompt not found: {theirs.pk}, nonsense.$"):
        choose(project, PromptsRequest(prompt_ids=[str(mine.pk), str(theirs.pk), "nonsense"], targets=[asked.AGENT]))
    away = asked.prompt(project, status=Prompt.Status.ARCHIVED)
    with pytest.raises(UnknownId, match="archived"):
        choose(project, PromptsRequest(prompt_ids=[str(away.pk)], targets=[asked.AGENT]))


def test_omitted_targets_are_the_scheduled_ones(project: Project) -> None:
    asked.prompt(project, "One")
    asked.target(project, "demo/agent")
    asked.target(project, "demo/user", enabled=False)
    asked.target(project, "demo/judge", frequency=Frequency.MANUAL)
    asked.target(project, "demo/user", source_type="custom_evals")
    assert pairs(project) == [("One", "demo/agent")]


def test_without_configured_targets_it_says_so_verbatim(project: Project) -> None:
    asked.prompt(project)
    asked.target(project, frequency=Frequency.MANUAL)
    with pytest.raises(NothingToRun) as refused:
        choose(project, PromptsRequest())
    assert str(refused.value) == NO_TARGETS


def test_platforms_of_a_prompt_limit_configured_targets_only(project: Project) -> None:
    asked.prompt(project, "Everywhere")
    asked.prompt(project, "Elsewhere", platform_ids=["openai"])
    asked.prompt(project, "Here", platform_ids=["demo"])
    asked.target(project, "demo/agent")
    asked.target(project, "demo/user", prompt_platform_id="openai")
    assert pairs(project) == [
        ("Elsewhere", "demo/user as openai"),
        ("Everywhere", "demo/agent"),
        ("Everywhere", "demo/user as openai"),
        ("Here", "demo/agent"),
    ]
    assert len(pairs(project, targets=[asked.AGENT])) == 3, "explicit targets are asked all of them"


def test_a_target_with_a_topic_is_asked_prompts_of_that_topic(project: Project) -> None:
    asked.prompt(project, "Clouds?")
    asked.prompt(project, "Dogs?", topic_name="Dogs")
    dogs = str(asked.topic(project, "Dogs").pk)
    assert pairs(project, targets=[asked.AGENT, replace(asked.USER, prompt_topic_id=dogs)]) == [
        ("Clouds?", "demo/agent"),
        ("Dogs?", "demo/agent"),
        ("Dogs?", "demo/user"),
    ]
    with pytest.raises(UnknownId, match="Prompt topic"):
        choose(project, PromptsRequest(targets=[replace(asked.USER, prompt_topic_id=str(asked.topic(factories.project()).pk))]))


def test_disabled_targets_are_left_out_and_a_target_counts_once(project: Project) -> None:
    asked.prompt(project, "One")
    assert pairs(project, targets=[asked.AGENT, replace(asked.USER, enabled=False), asked.AGENT]) == [("One", "demo/agent")]
    with pytest.raises(NothingToRun, match="disabled"):
        choose(project, PromptsRequest(targets=[replace(asked.AGENT, enabled=False)]))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"prompt_ids": [], "targets": [asked.AGENT]}, "prompt ids is empty"),
        ({"targets": []}, "targets is empty"),
        ({"targets": [asked.AGENT]}, "No active prompts"),
    ],
)
def test_an_empty_list_names_nothing(project: Project, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(NothingToRun, match=said):
        choose(project, PromptsRequest(**request_))


def done_today(project: Project, prompt: Prompt, *, model: str = "agent", platform: str = "demo", **columns: Any) -> Trial:
    made = trial(batch=batch(project=project, subjects=["x"], targets=["demo/agent"], source_type="prompts"))
    values = {"ref": prompt.pk, "platform": platform, "model": model, "finished_at": timezone.now()} | columns
    Trial.objects.filter(pk=made.pk).update(**values)
    return made


def test_what_was_completed_today_is_left_out_unless_forced(project: Project) -> None:
    one = asked.prompt(project, "One")
    done_today(project, one)
    both = [asked.AGENT, asked.USER]
    assert pairs(project, targets=both) == [("One", "demo/user")]
    assert pairs(project, targets=both, force=True) == [("One", "demo/agent"), ("One", "demo/user")]
    with pytest.raises(NothingToRun, match=r"already completed today \(UTC\)"):
        choose(project, PromptsRequest(targets=[asked.AGENT]))


def test_only_the_same_prompt_platform_and_model_of_today_count(project: Project) -> None:
    one, other = asked.prompt(project, "One"), asked.prompt(project, "Other")
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    done_today(project, one, finished_at=midnight - timedelta(seconds=1))
    done_today(project, one, platform="openai")
    done_today(project, one, model="judge")
    failed = done_today(project, one)
    EvalRun.objects.filter(pk=failed.pk).update(status=Status.FAILED)
    done_today(project, other)
    assert pairs(project, targets=[asked.AGENT]) == [("One", "demo/agent")]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (TargetSpec(target_type="text", execution_platform="nowhere", model_id="m"), "execution_platform"),
        (TargetSpec(target_type="text", execution_platform="demo", model_id="m"), "model_id"),
        (TargetSpec(target_type="text", execution_platform="demo", model_id="agent", prompt_platform_id="nowhere"), "prompt_platform_id"),
    ],
)
def test_a_target_that_nobody_can_ask_is_refused_even_when_disabled(project: Project, spec: TargetSpec, place: str) -> None:
    asked.prompt(project)
    for enabled in (True, False):
        with pytest.raises(BadTarget) as refused:
            choose(project, PromptsRequest(targets=[asked.AGENT, replace(spec, enabled=enabled)]))
        assert refused.value.loc == ("targets", 1, place)


def test_a_provider_and_a_coding_agent_of_the_project_can_be_asked(project: Project) -> None:
    asked.prompt(project, "One")
    asked.provider(project, "local", "http://127.0.0.1:9/v1")
    specs = [
        TargetSpec(target_type="text", execution_platform="local", model_id="llama/3"),
        TargetSpec(target_type="agent", execution_platform="codex", model_id="gpt-5"),
    ]
    chosen = choose(project, PromptsRequest(targets=specs))
    assert [target.frozen["model"] for target in chosen.targets] == ["local/llama/3", ""]
    harness = chosen.targets[1].frozen["harness"]
    assert harness
    assert (harness["built_in"], harness["environment_names"]) == (True, ["CODEX_API_KEY"])
    with pytest.raises(BadTarget):
        choose(factories.project(), PromptsRequest(targets=specs[:1]))


def test_the_template_of_a_prompt_is_frozen_with_its_judge(project: Project) -> None:
    asked.prompt(project, "Judged", template=factories.template(project=project))
    [subject] = _chosen(project).subjects
    assert subject.snapshot["judge_model"] == "demo/judge"
    assert [category["key"] for category in subject.snapshot["template"]["categories"]] == list(factories.CATEGORIES)  # type: ignore[typeddict-item]


def test_queries_do_not_grow_with_the_prompts(project: Project, django_assert_num_queries: Any) -> None:
    template = factories.template(project=project)
    for _ in range(20):
        asked.prompt(project, template=template)
    with django_assert_num_queries(7):
        _chosen(project)


def _chosen(project: Project) -> Chosen:
    return choose(project, PromptsRequest(targets=[asked.AGENT]))
