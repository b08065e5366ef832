"""The admin pages of every model: they open, history is read-only, secrets are write-only."""

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.clients import load_providers
from agents.models import Harness, ModelPrice, ModelProvider
from evalhub.accounts.models import ApiKey, PersonSession, Project, SignInTally
from evalhub.accounts.selectors import api_key_find
from evalhub.accounts.services import api_key_create, owner_ensure
from runs.engine.drain import run_drain
from runs.models import Batch, BatchSubject, CallTally, Citation, EvalRun, Mention, Target, Trial, Worker
from templates_app.models import (
    ApiOperation,
    ApiSource,
    Brand,
    CustomEval,
    CustomEvalCategory,
    EnvProfile,
    EvalDefinition,
    EvalTemplate,
    Prompt,
    PromptTag,
    PromptTopic,
)
from templates_app.services import system_templates_ensure
from tests.support.runs import agent_make, project_make, run_make

pytestmark = pytest.mark.django_db(transaction=True)
INSIDE_ANOTHER = {"EvalCategory", "ProviderLoad", "ProviderShare"}  # on the page of the template, of the provider
OURS = [
    model
    for app in ("accounts", "agents", "templates_app", "runs")
    for model in apps.get_app_config(app).get_models()
    if model.__name__ not in INSIDE_ANOTHER
]
HISTORY = {"EvalRun", "Message", "ModelCall", "Verdict", "RunEvent"}
NOTED = {"Worker", "CallTally"}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(owner_ensure(project=project_make()))
    return client


def noted_make() -> None:
    now = timezone.now()
    Worker.objects.create(kind="drain", host="h", pid=1, started_at=now, seen_at=now)
    CallTally.objects.create(project=project_make(), day=date(2026, 3, 3), model="demo/agent", purpose="agent", calls=1)


def batch_rows_make(project: Project) -> None:
    """One row of everything that has to do with batches."""
    topic = PromptTopic.objects.create(project=project, name="Choosing")
    PromptTag.objects.create(project=project, name="q3")
    prompt = Prompt.objects.create(project=project, topic=topic, text="Which agent platform is best?")
    brand = Brand.objects.create(project=project, name="Acme", is_own=True)
    source = ApiSource.objects.create(project=project, source_type="rest_api", label="Orders")
    operation = ApiOperation.objects.create(source=source, method="GET", path="/orders")
    category = CustomEvalCategory.objects.create(project=project, name="Tone", slug="tone")
    custom = CustomEval.objects.create(project=project, prompt="Answer politely.", category=category)
    EvalDefinition.objects.create(project=project, operation=operation, eval_type="rest_api")
    EvalDefinition.objects.create(project=project, custom_eval=custom, eval_type="custom_evals")
    profile = EnvProfile(project=project, key="staging", name="Staging")
    profile.set_variables({"TOKEN": "very-secret-value"})
    profile.save()
    Harness.objects.create(project=project, name="ours", argv="agent {prompt}")
    Target.objects.create(project=project, source_type="prompts", execution_platform="demo", model_id="agent")
    batch = Batch.objects.create(project=project, source_type="prompts", total=1, dispatched=1, cells=[[0, 0, None]])
    subject = BatchSubject.objects.create(batch=batch, index=0, ref=prompt.pk, label=prompt.text)
    run = EvalRun.objects.create(project=project, kind="trial", agent_name="demo/agent", batch=batch, status="completed")
    asked = {"subject_index": 0, "target_index": 0, "ref": prompt.pk, "label": prompt.text, "model": "agent", "platform": "demo"}
    Trial.objects.create(run=run, project=project, batch=batch, position=0, subject=subject, source_type="prompts", **asked)
    day = date(2026, 3, 3)
    Mention.objects.create(run=run, project=project, day=day, platform="demo", brand_id=brand.pk, brand="Acme", count=1, rank=1)
    Citation.objects.create(run=run, project=project, day=day, platform="demo", place=1, url="https://a.example/", domain="a.example")


def page(model: Any, name: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_the_list_and_a_row_of_every_model_open(browser: Client, model: Any) -> None:
    project = project_make()
    system_templates_ensure()
    api_key_create(project=project, name="ci")
    if model.__name__ in HISTORY:
        run_make()
        run_drain(linger=0)
    if model.__name__ == "Persona":
        model.objects.create(project=project, name="Ana")
    if model.__name__ == "Agent":
        agent_make(project)
    if model.__name__ == "IdempotencyRecord":
        model.objects.create(project=project, holder="key:1", key="k1", method="POST", path="/api/v1/agents")
    noted_make()
    batch_rows_make(project)
    ModelPrice.objects.create(project=project, provider="local", model="m", input_usd=1, output_usd=2)
    PersonSession.objects.get_or_create(user=User.objects.get(), session_key="k", browser="Firefox on Linux")
    SignInTally.objects.create(key="k", since=timezone.now())
    ModelProvider.objects.create(project=project, name="local", base_url="http://127.0.0.1:1/v1")
    assert browser.get(page(model, "changelist")).status_code == 200
    row = model.objects.first()
    assert browser.get(page(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [model for model in OURS if model.__name__ in HISTORY], ids=lambda model: model.__name__)
def test_history_can_be_looked_at_but_not_written(browser: Client, model: Any) -> None:
    run_make()
    run_drain(linger=0)
    row = model.objects.first()
    assert browser.get(page(model, "add")).status_code == 403
    assert browser.post(page(model, "change", row.pk), {"content": "forged"}).status_code == 403


@pytest.mark.parametrize("model", [model for model in OURS if model.__name__ in NOTED], ids=lambda model: model.__name__)
def test_what_the_engine_notes_can_be_looked_at_only(browser: Client, model: Any) -> None:
    noted_make()
    row = model.objects.first()
    assert browser.get(page(model, "add")).status_code == 403
    assert browser.post(page(model, "change", row.pk), {"calls": 0}).status_code == 403
    assert browser.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_run_is_deleted_with_all_that_hangs_on_it(browser: Client) -> None:
    run = run_make()
    run_drain(linger=0)
    assert browser.post(page(EvalRun, "delete", run.pk), {"post": "yes"}).status_code == 302
    assert not EvalRun.objects.filter(pk=run.pk).exists()


def test_a_secret_is_typed_in_stored_encrypted_and_never_shown(browser: Client) -> None:
    project = project_make()
    form = {"project": project.pk, "name": "mine", "kind": "openai", "base_url": "https://api.example.com/v1", "is_active": "on"}
    assert browser.post(page(ModelProvider, "add"), {**form, "secret": "sk-very-secret"}).status_code == 302
    row = ModelProvider.objects.get(name="mine")
    assert "sk-very-secret" not in row.secret_encrypted
    assert load_providers(project).by_name["mine"].secret == "sk-very-secret"
    shown = browser.get(page(ModelProvider, "change", row.pk)).content.decode()
    assert "sk-very-secret" not in shown
    assert row.secret_encrypted not in shown
    browser.post(page(ModelProvider, "change", row.pk), {**form, "secret": ""})
    assert load_providers(project).by_name["mine"].secret == "sk-very-secret", "an empty field keeps the stored secret"


def test_the_values_of_an_environment_are_never_shown(browser: Client) -> None:
    batch_rows_make(project_make())
    row = EnvProfile.objects.get(key="staging")
    shown = browser.get(page(EnvProfile, "change", row.pk)).content.decode()
    assert "TOKEN" in shown
    assert "very-secret-value" not in shown
    assert row.variables_encrypted not in shown


@pytest.mark.parametrize("model", [Batch, Trial, Mention, Citation], ids=lambda model: model.__name__)
def test_what_came_of_a_batch_can_be_looked_at_but_not_written(browser: Client, model: Any) -> None:
    batch_rows_make(project_make())
    row = model.objects.first()
    assert browser.get(page(model, "add")).status_code == 403
    assert browser.post(page(model, "change", row.pk), {"total": 9}).status_code == 403


def test_a_revoked_key_opens_nothing(browser: Client) -> None:
    key, token = api_key_create(project=project_make(), name="old")
    assert api_key_find(token) == key
    browser.post(page(ApiKey, "changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    assert api_key_find(token) is None


def test_a_key_is_stored_as_a_hash_with_its_prefix() -> None:
    key, token = api_key_create(project=project_make(), name="new")
    assert token.startswith(key.prefix)
    assert token not in (key.key_hash, key.prefix)
    assert len(token) > 40


def test_a_system_template_cannot_be_edited(browser: Client) -> None:
    system_templates_ensure()
    template = EvalTemplate.objects.filter(project=None).first()
    assert template is not None
    assert browser.post(page(EvalTemplate, "change", template.pk), {"name": "x"}).status_code == 403
    assert browser.get(page(EvalTemplate, "delete", template.pk)).status_code == 403
