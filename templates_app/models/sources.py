"""What an API task is about: a source (a REST API, a library, a command-line tool), its operations, and environments to run them in."""

import json
from collections.abc import Mapping

from django.db import models

from evalhub.accounts.models import Project
from evalhub.common.domains import server_of
from evalhub.common.jsontext import read_json
from evalhub.common.models import TimestampedModel
from evalhub.common.secrets import decrypt, encrypt


class SourceType(models.TextChoices):
    """What a batch runs. The first and the last have no ApiSource."""

    PROMPTS = "prompts", "Prompts"
    REST_API = "rest_api", "REST API"
    SDK = "sdk", "Library"
    CLI = "cli", "Command-line tool"
    CUSTOM_EVALS = "custom_evals", "Custom evals"


class EnvProfile(TimestampedModel):
    """An environment: a base URL and variables whose values are secret. They can be set and used, never read back.

    `key` is the id that the API shows; a client may choose it. Names of the variables are plain, values are encrypted in one text.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="env_profiles")
    source = models.ForeignKey(
        "templates_app.ApiSource", on_delete=models.CASCADE, null=True, blank=True, related_name="env_profiles", help_text="Empty: for all."
    )
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=120)
    base_url = models.CharField(max_length=500, blank=True, help_text="Where requests go; empty for the source's own.")
    variable_names = models.JSONField(default=list, blank=True, editable=False)
    variables_encrypted = models.TextField(blank=True, editable=False)
    variables_server = models.CharField(
        max_length=600, blank=True, editable=False, help_text="Where requests went when the values were given: they are sent nowhere else."
    )
    allowed_hosts = models.JSONField(default=list, blank=True, help_text="Hosts that code in the sandbox may reach; none by default.")

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="profile_key_once_a_project")]

    def __str__(self) -> str:
        return self.name

    @property
    def server(self) -> str:
        """Where requests of this environment go now; "" where only a batch's source says it."""
        return server_of(self.base_url or (self.source.api_base_url if self.source else ""))

    def is_for(self, address: str) -> bool:
        """Whether its values may be sent there: who can change an address but not read the values would else learn them."""
        return not self.variables_encrypted or self.variables_server == server_of(address)

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Store all variables anew, encrypted. They are for the server that requests go to now, and for programs."""
        self.variables_server = self.server
        self.variable_names = sorted(variables)
        self.variables_encrypted = encrypt(json.dumps(dict(variables))) if variables else ""

    def variables(self) -> dict[str, str]:
        """The values, for whoever sends them. Raises SecretUnreadable when the key has changed."""
        text = decrypt(self.variables_encrypted)
        return dict(read_json(text.encode())) if text else {}


class ApiSource(TimestampedModel):
    """An API, library or tool that models are asked to use."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_sources")
    source_type = models.CharField(max_length=12, choices=SourceType.choices)
    label = models.CharField(max_length=200)
    api_base_url = models.CharField(max_length=500, blank=True)
    docs_url = models.CharField(max_length=500, blank=True)
    docs = models.TextField(blank=True, help_text="What the model is told of a library or tool, unless an eval leaves documentation out.")
    command = models.CharField(
        max_length=500,
        blank=True,
        help_text="How written code is run, such as: python3 {file}. Empty for sdk means that; unused for rest_api.",
    )
    model_names = models.JSONField(default=list, blank=True, help_text="Legacy list of model names, used where no targets are configured.")
    default_env_profile = models.ForeignKey(EnvProfile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    document = models.TextField(blank=True, help_text="The OpenAPI document as it was imported last.")
    document_url = models.CharField(max_length=500, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    import_report = models.JSONField(default=dict, blank=True, help_text="What the last import took and what it skipped, with reasons.")

    class Meta:
        ordering = ["label", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "label"], name="source_label_once_a_project")]

    def __str__(self) -> str:
        return self.label


class ApiOperation(TimestampedModel):
    """One thing that can be done with a source. For a library or tool `method` is empty and `path` is a name, such as items.create.

    An import finds it again by method and path. One that the document no longer has stays, inactive, for what was measured of it.
    """

    source = models.ForeignKey(ApiSource, on_delete=models.CASCADE, related_name="operations")
    method = models.CharField(max_length=10, blank=True)
    path = models.CharField(max_length=500)
    operation_key = models.CharField(max_length=200, blank=True, help_text="The document's operationId.")
    summary = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=120, blank=True)
    snapshot = models.JSONField(
        default=dict, blank=True, help_text="Parameters, schemas and security, as templates_app.openapi reads them."
    )
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    is_selected = models.BooleanField(default=True, help_text="Run where no operations are named.")

    class Meta:
        ordering = ["position", "path", "method"]
        constraints = [models.UniqueConstraint(fields=["source", "method", "path"], name="operation_once_a_source")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}".strip()
