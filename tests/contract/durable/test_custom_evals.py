"""Custom evals: made, changed, filled in from a template, removed; what they lead to outlives them."""

import uuid
from typing import Any

import pytest

from templates_app.models import Brand, CustomEval, CustomEvalCategory
from tests import factories
from tests.batch_factories import batch, trial
from tests.contract.durable.contract import Durable, places
from tests.contract.durable.place import NOWHERE

pytestmark = pytest.mark.django_db
EVALS, CUSTOMS = "/api-performance/evals", "/api-performance/custom-evals"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def test_a_custom_eval_is_made_changed_and_removed(api: Durable) -> None:
    sent = {"prompt": "Plan a dinner.", "description": "Food", "category_name": "Meal  planning", "eval": {"expected_behavior": "A plan."}}
    made = api.post(CUSTOMS, sent).json()
    assert (made["prompt"], made["description"], made["eval"]["expected_behavior"]) == ("Plan a dinner.", "Food", "A plan.")
    assert (made["category"]["name"], made["category"]["slug"]) == ("Meal planning", "meal-planning")
    assert (made["eval"]["operation_id"], made["eval"]["source_id"], made["eval"]["eval_type"]) == (made["id"], None, "custom_evals")
    assert made["eval"]["prompt"] == "Plan a dinner."
    changed = api.patch(f"{CUSTOMS}/{made['id']}", {"prompt": "Plan lunch.", "category_name": "", "eval": {"enabled": False}}).json()
    assert (changed["prompt"], changed["category"], changed["description"]) == ("Plan lunch.", None, "Food")
    assert (changed["eval"]["enabled"], changed["eval"]["expected_behavior"]) == (False, "A plan.")
    assert api.get(CUSTOMS).json() == {"data": [changed], "meta": {"count": 1}}
    assert api.get(f"{EVALS}/{made['eval']['id']}").json() == changed["eval"]
    assert api.delete(f"{CUSTOMS}/{made['id']}").json() == changed
    assert api.get(f"{CUSTOMS}/{made['id']}").status_code == 404
    assert api.get(CUSTOMS).json()["data"] == []


def test_a_category_is_found_again_whatever_its_case(api: Durable) -> None:
    first, second = (api.post(CUSTOMS, {"prompt": "x", "category_name": name}).json() for name in ("Refunds", "REFUNDS"))
    assert first["category"] == second["category"]
    other = api.post(CUSTOMS, {"prompt": "x", "category_name": "返金"}).json()
    assert other["category"]["name"] == "返金"
    assert CustomEvalCategory.objects.filter(project=api.project).count() == 2


def test_a_template_is_filled_in_when_it_is_saved(api: Durable) -> None:
    Brand.objects.create(project=api.project, name="Acme", domain="acme.example", is_own=True)
    rival = Brand.objects.create(project=api.project, name="Rival", domain="rival.example")
    template = "Compare {{company_name}} ({{ company_domain }}) with {{competitor_name}}."
    base = api.post(CUSTOMS, {"prompt": "Compare."}).json()
    made = api.post(
        CUSTOMS, {"prompt": "-", "prompt_template": template, "competitor": str(rival.pk), "prompt_competitor_group": base["id"]}
    ).json()
    assert made["prompt"] == "Compare Acme (acme.example) with Rival."
    assert made["prompt_template"] == template
    assert (made["competitor"], made["prompt_competitor"], made["prompt_competitor_group"]) == (str(rival.pk), "Rival", base["id"])
    another = Brand.objects.create(project=api.project, name="Other")
    assert api.patch(f"{CUSTOMS}/{made['id']}", {"competitor": str(another.pk)}).json()["prompt"].endswith("with Other.")
    by_hand = api.patch(f"{CUSTOMS}/{made['id']}", {"prompt": "Mine.", "competitor": "", "prompt_competitor_group": ""}).json()
    assert (by_hand["prompt"], by_hand["prompt_template"], by_hand["competitor"]) == ("Mine.", None, None)


def test_a_project_without_a_brand_is_its_own_company(api: Durable) -> None:
    made = api.post(CUSTOMS, {"prompt": "-", "prompt_template": "About {{company_name}}"}).json()
    assert made["prompt"] == f"About {api.project.name}"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.prompt"),
        ({"prompt": None}, "body.prompt"),
        ({"prompt": "  "}, "body.prompt"),
        ({"prompt": 5}, "body.prompt"),
        ({"prompt": "x" * 50_001}, "body.prompt"),
        ({"prompt": "x", "prompt_template": "{{mood}}"}, "body.prompt_template"),
        ({"prompt": "x", "prompt_template": "{{company_domain}}"}, "body.prompt_template"),
        ({"prompt": "x", "prompt_template": "{{competitor_name}}"}, "body.prompt_template"),
        ({"prompt": "x", "competitor": NOWHERE}, "body.competitor"),
        ({"prompt": "x", "competitor": "Rival"}, "body.competitor"),
        ({"prompt": "x", "prompt_competitor_group": NOWHERE}, "body.prompt_competitor_group"),
        ({"prompt": "x", "category_name": "x" * 121}, "body.category_name"),
        ({"prompt": "x", "eval": []}, "body.eval"),
        ({"prompt": "x", "eval": {"docs_mode": "x"}}, "body.eval.docs_mode"),
        ({"prompt": "x", "eval": {"env_profile_ids": ["x"]}}, "body.eval.env_profile_ids"),
        ({"prompt": "x", "eval": {"skills_mode": "all"}}, "body.eval.skills_mode"),
    ],
)
def test_a_wrong_custom_eval_is_told_with_its_place_and_not_stored(api: Durable, body: dict[str, Any], place: str) -> None:
    assert places(api.post(CUSTOMS, body)) == [place]
    assert not CustomEval.objects.exists()
    assert not CustomEvalCategory.objects.exists()


def test_an_own_brand_is_no_competitor_and_a_variant_has_no_variants(api: Durable) -> None:
    own = Brand.objects.create(project=api.project, name="Acme", is_own=True)
    assert places(api.post(CUSTOMS, {"prompt": "x", "competitor": str(own.pk)})) == ["body.competitor"]
    base = api.post(CUSTOMS, {"prompt": "x"}).json()["id"]
    variant = api.post(CUSTOMS, {"prompt": "y", "prompt_competitor_group": base}).json()["id"]
    for key, group in ((variant, variant), (base, base)):
        assert places(api.patch(f"{CUSTOMS}/{key}", {"prompt_competitor_group": group})) == ["body.prompt_competitor_group"]
    assert places(api.post(CUSTOMS, {"prompt": "z", "prompt_competitor_group": variant})) == ["body.prompt_competitor_group"]


def test_results_outlive_their_custom_eval(api: Durable) -> None:
    made = api.post(CUSTOMS, {"prompt": "Plan."}).json()["id"]
    run = batch(project=api.project, source_type="custom_evals", subjects=("Plan.",), targets=("openai/gpt",))
    run.subjects.update(ref=uuid.UUID(made))
    trial(batch=run)
    api.delete(f"{CUSTOMS}/{made}")
    assert api.get(f"{CUSTOMS}/history", custom_eval_id=made).json()["total"] == 1


def test_the_same_request_twice_makes_one_custom_eval(api: Durable) -> None:
    first, second = (api.post(CUSTOMS, {"prompt": "Plan."}, Idempotency_Key="k1") for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert CustomEval.objects.count() == 1
    conflict = api.post(CUSTOMS, {"prompt": "Other."}, Idempotency_Key="k1")
    assert conflict.status_code == 409


def test_an_empty_idempotency_key_is_refused(api: Durable) -> None:
    refused = api.post(CUSTOMS, {"prompt": "Plan."}, Idempotency_Key="")
    assert refused.status_code == 400
    assert "Idempotency-Key must be 1 to 255 printable ASCII characters" in refused.json()["detail"]
