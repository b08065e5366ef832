"""Every page a signed-in owner can open, on a site that has something to show on each of them."""

from dataclasses import dataclass

from tests.browser.site import Site

DONE_SECONDS = 60

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


@dataclass(frozen=True, slots=True)
class Place:
    """A page: what it is called in pictures, and its address."""

    name: str
    path: str


def every_place(site: Site) -> list[Place]:
    """Their addresses, with the ids of rows that the first start and `furnish` made."""
    run = site.some_run()
    template = site.own_template()
    agent = site.agent()
    source, operation, definition, environment = site.made(SOURCE).split()
    batch, failed = site.made(BATCH).split()
    fixed = [
        ("overview", "/"),
        ("runs", "/runs/"),
        ("runs-filtered", "/runs/?status=interrupted"),
        ("run", f"/runs/{run}/"),
        ("run-new", "/runs/new/"),
        ("batches", "/batches/"),
        ("batch", f"/batches/{batch}/"),
        ("batch-failures", f"/batches/{batch}/?failed=1"),
        ("batch-children", f"/batches/{batch}/children/"),
        ("batch-child", f"/runs/{failed}/"),
        ("batch-new", "/batches/new/"),
        ("batch-new-custom", "/batches/new/?kind=custom_evals"),
        ("targets", "/targets/"),
        ("target-new", "/targets/new/"),
        ("trends", "/trends/"),
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
        ("prompts", "/prompts/"),
        ("prompt-new", "/prompts/new/"),
        ("prompt-import", "/prompts/import/"),
        ("topics", "/prompts/topics/"),
        ("brands", "/brands/"),
        ("voice", "/voice/"),
        ("brand-new", "/brands/new/"),
        ("sources", "/sources/"),
        ("source-new", "/sources/new/?kind=cli"),
        ("source", f"/sources/{source}/"),
        ("source-import", f"/sources/{source}/import/"),
        ("operation", f"/sources/operations/{operation}/"),
        ("definition", f"/sources/evals/{definition}/"),
        ("environment", f"/environments/{environment}/"),
        ("environments", "/environments/"),
        ("environment-new", "/environments/new/"),
        ("custom-evals", "/custom-evals/"),
        ("custom-eval-new", "/custom-evals/new/"),
        ("settings-keys", "/settings/keys/"),
        ("settings-members", "/settings/members/"),
        ("settings-providers", "/settings/providers/"),
        ("settings-coding-agents", "/settings/coding-agents/"),
        ("coding-agent-new", "/settings/coding-agents/new"),
        ("settings-budget", "/settings/budget/"),
        ("account", "/account/"),
        ("operations", "/operations/"),
    ]
    return [Place(name, path) for name, path in fixed]
