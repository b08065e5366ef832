"""Every page a signed-in owner can open, on a site that has something to show on each of them."""

from dataclasses import dataclass

from tests.browser.site import Site

SOURCE = """
from evalhub.accounts.models import Project
from templates_app.sources import importing, profiles, services
from tests.templates_app.openapi.documents import PET_SHOP
project = Project.objects.order_by("created_at").first()
environment = profiles.env_profile_create(project=project, name="Staging", variables={"API_KEY": "x", "ACCOUNT": "y"})
source = services.source_create(project=project, source_type="rest_api", label=f"Pets {environment.key}", default_env_profile=environment)
importing.source_import(project=project, source_id=source.pk, text=PET_SHOP)
operation = source.operations.first()
print(source.pk, operation.pk, operation.definitions.get().pk, environment.pk)
"""

BATCH = """
from evalhub.accounts.models import Project
from runs.models import Message
from tests.batch_factories import MODELS, finished_batch
project = Project.objects.order_by("created_at").first()
batch = finished_batch(project=project, name="Nightly", subjects=("GET /pets", "POST /pets", "GET /pets/{id}"), targets=MODELS)
failed = batch.trials.filter(passed=False).select_related("run").first()
check = {"key": "path", "passed": False, "detail": "The path is /pet, not /pets.", "reason": "wrong_path"}
failed.details = {"checks": [check], "request": {"method": "POST", "path": "/pet"}, "exchange": None}
failed.save()
for index, (role, content) in enumerate([("user", "Write one HTTP request."), ("assistant", "POST /pet")]):
    Message.objects.create(run=failed.run, index=index, role=role, content=content)
print(batch.pk, failed.pk)
"""

ASKED = """
from evalhub.accounts.models import Project
from runs.models import Target
from templates_app.customs.services import custom_eval_create
from templates_app.prompts import brands, services
project = Project.objects.order_by("created_at").first()
topic = services.topic_create(project=project, name="Choosing a tool")
prompt = services.prompt_create(project=project, topic_id=topic.pk, text="Which tool is best for a team of five?")
rival = brands.brand_create(project=project, name="Globex", domain="globex.example")
base = custom_eval_create(project=project, prompt="Set up a webhook.", definition={"expected_behavior": "It is signed."})
variant = custom_eval_create(project=project, prompt="Set up a webhook of Globex.", competitor=str(rival.pk), group=str(base.pk))
whom = {"target_type": "text", "execution_platform": "demo", "model_id": "agent", "frequency": "manual"}
target = Target.objects.create(project=project, source_type="prompts", **whom)
print(prompt.pk, rival.pk, base.pk, variant.pk, target.pk)
"""

PROJECT = [
    ("settings-project", "/settings/project/"),
    ("settings-keys", "/settings/keys/"),
    ("settings-members", "/settings/members/"),
    ("settings-providers", "/settings/providers/"),
    ("settings-coding-agents", "/settings/coding-agents/"),
    ("coding-agent-new", "/settings/coding-agents/new"),
    ("settings-budget", "/settings/budget/"),
    ("account", "/account/"),
    ("operations", "/operations/"),
]

Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A page: what it is called in pictures, and its address."""

    name: str
    path: str


def every_place(site: Site) -> list[Place]:
    """Their addresses, with the ids of rows that the first start and the texts above made."""
    found = [*runs_and_library(site), *batches(site), *what_is_asked(site), *sources(site), *PROJECT]
    return [Place(name, path) for name, path in found]


def runs_and_library(site: Site) -> list[Named]:
    run, template, agent = site.some_run(), site.own_template(), site.agent()
    return [
        ("overview", "/"),
        ("runs", "/runs/"),
        ("runs-filtered", "/runs/?status=interrupted"),
        ("run", f"/runs/{run}/"),
        ("run-new", "/runs/new/"),
        ("templates", "/templates/"),
        ("template-new", "/templates/new/"),
        ("template", f"/templates/{template}/"),
        ("template-versions", f"/templates/{template}/versions/"),
        ("agents", "/agents/"),
        ("agent-new", "/agents/new/"),
        ("agent", f"/agents/{agent}/"),
        ("agent-chat", f"/agents/{agent}/chat/"),
        ("personas", "/personas/"),
        ("persona-new", "/personas/new/"),
    ]


def batches(site: Site) -> list[Named]:
    batch, failed = site.made(BATCH).split()
    return [
        ("batches", "/batches/"),
        ("batch", f"/batches/{batch}/"),
        ("batch-failures", f"/batches/{batch}/?failures=1"),
        ("batch-children", f"/batches/{batch}/children/"),
        ("batch-child", f"/runs/{failed}/"),
        ("batch-new", "/batches/new/"),
        ("batch-new-custom", "/batches/new/?kind=custom_evals"),
        ("trends", "/trends/"),
    ]


def what_is_asked(site: Site) -> list[Named]:
    prompt, brand, base, variant, target = site.made(ASKED).split()
    return [
        ("prompts", "/prompts/"),
        ("prompt-new", "/prompts/new/"),
        ("prompt", f"/prompts/{prompt}/"),
        ("prompt-import", "/prompts/import/"),
        ("topics", "/prompts/topics/"),
        ("brands", "/brands/"),
        ("brand", f"/brands/{brand}/"),
        ("brand-new", "/brands/new/"),
        ("voice", "/voice/"),
        ("custom-evals", "/custom-evals/"),
        ("custom-eval-new", "/custom-evals/new/"),
        ("custom-eval", f"/custom-evals/{base}/"),
        ("custom-eval-variant", f"/custom-evals/{variant}/"),
        ("targets", "/targets/"),
        ("target-new", "/targets/new/"),
        ("target", f"/targets/{target}/"),
    ]


def sources(site: Site) -> list[Named]:
    source, operation, definition, environment = site.made(SOURCE).split()
    return [
        ("sources", "/sources/"),
        ("source-new", "/sources/new/?kind=cli"),
        ("source", f"/sources/{source}/"),
        ("source-edit", f"/sources/{source}/edit/"),
        ("source-import", f"/sources/{source}/import/"),
        ("operation", f"/sources/operations/{operation}/"),
        ("definition", f"/sources/evals/{definition}/"),
        ("environment", f"/environments/{environment}/"),
        ("environments", "/environments/"),
        ("environment-new", "/environments/new/"),
    ]
