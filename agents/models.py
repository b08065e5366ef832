"""Who answers: model providers and the agents of a project. Secrets are stored encrypted; `agents.clients` is their only reader."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from agents.addresses import http_address
from agents.character import compile_system_prompt
from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel
from evalhub.common.secrets import encrypt


class ModelProvider(TimestampedModel):
    """A server that speaks a known wire format. Its name is the `provider` part of `provider/model`."""

    class Kind(models.TextChoices):
        OPENAI = "openai", "OpenAI-compatible"
        ANTHROPIC = "anthropic", "Anthropic"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_providers")
    name = models.SlugField(max_length=60, help_text="The part before the slash in provider/model, for example openai or ollama.")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.OPENAI)
    base_url = models.CharField(
        max_length=500, validators=[http_address], help_text="For example https://api.openai.com/v1 or http://127.0.0.1:11434/v1"
    )
    secret_encrypted = models.TextField(blank=True, editable=False)
    default_model = models.CharField(max_length=200, blank=True, help_text="Used where a run names no model.")
    is_active = models.BooleanField(default=True)
    max_concurrent = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Requests that may be open at once, of all workers together. Empty for no limit.",
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Requests that may begin within any 60 seconds, of all workers together. Empty for no limit.",
    )

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="provider_name_once_a_project")]

    def __str__(self) -> str:
        return self.name

    def set_secret(self, secret: str) -> None:
        """Store the API key encrypted. There is no way to read it back but to use it."""
        self.secret_encrypted = encrypt(secret)


class ModelPrice(TimestampedModel):
    """What a project says one model costs, in US dollars a million tokens. It goes before the price list that ships with EvalHub.

    `provider` is a name as in provider/model, not a row: providers of the environment have none.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_prices")
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    input_usd = models.DecimalField(max_digits=12, decimal_places=6, validators=[MinValueValidator(0)])
    output_usd = models.DecimalField(max_digits=12, decimal_places=6, validators=[MinValueValidator(0)])
    cached_input_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)])
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["provider", "model"]
        constraints = [models.UniqueConstraint(fields=["project", "provider", "model"], name="price_once_a_model")]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class Harness(TimestampedModel):
    """A coding agent of a project's own: a command line that is run in the sandbox. `name` is an execution_platform.

    `argv` is one line as a person types it, with {prompt}, {model} and {workdir}; it never goes through a shell.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="harnesses")
    name = models.SlugField(max_length=60)
    label = models.CharField(max_length=120, blank=True)
    argv = models.CharField(max_length=2000)
    model_names = models.JSONField(default=list, blank=True, help_text="Names of models it can be told to use, a list of texts.")
    environment_names = models.JSONField(default=list, blank=True, help_text="Variables of the profile that it is given; empty for all.")
    allowed_hosts = models.JSONField(default=list, blank=True, help_text="Hosts it may reach beside the profile's.")
    timeout_seconds = models.PositiveIntegerField(default=600, validators=[MinValueValidator(1)])
    cost_usd = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True, help_text="About what one eval costs, if known.")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "harnesses"
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="harness_name_once_a_project")]

    def __str__(self) -> str:
        return self.label or self.name


class ProviderLoad(models.Model):
    """What all workers together may ask of one server just now. Only `agents.limits` writes it.

    `key` is "provider/<id>", "environment/<name>" or "endpoint/<project>/<origin>". `ceiling` is set while a 429 is recent.
    `closed_since` and `refusals`, how often in a row, speak of a server that answers nothing but 429.
    """

    key = models.CharField(max_length=600, unique=True)
    ceiling = models.FloatField(null=True)
    cuts = models.PositiveBigIntegerField(default=0)
    throttled = models.PositiveBigIntegerField(default=0)
    last_429_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    closed_since = models.DateTimeField(null=True)
    refusals = models.PositiveIntegerField(default=0)
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField()
    recent = models.JSONField(default=list)


class ProviderShare(models.Model):
    """The part of a load that one worker process holds, until `expires_at` unless it is renewed.

    What it may have open then counts on until `holds_until`, when no request of it can be open any more.
    """

    load = models.ForeignKey(ProviderLoad, on_delete=models.CASCADE, related_name="shares", db_index=False)
    holder = models.UUIDField()
    in_use = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    wanted = models.PositiveIntegerField(default=0)
    granted = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    expires_at = models.DateTimeField()
    holds_until = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["load", "holder"], name="share_once_a_holder")]


class Agent(TimestampedModel):
    """Somebody who can be talked to: a character played by a model, or an endpoint that answers by itself."""

    class Kind(models.TextChoices):
        CHARACTER = "character", "Character on a model"
        OPENAI_ENDPOINT = "openai_endpoint", "OpenAI-compatible endpoint"
        WEBHOOK = "webhook", "JSON webhook"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.CHARACTER)
    model = models.CharField(max_length=200, blank=True, help_text="provider/model; for an endpoint, the model name it is sent.")
    character = models.JSONField(default=dict, blank=True)
    endpoint_url = models.CharField(max_length=500, blank=True, validators=[http_address])
    endpoint_secret_encrypted = models.TextField(blank=True, editable=False)
    reply_path = models.CharField(
        max_length=200, blank=True, help_text="Where a webhook's answer has the text, for example data.reply or choices.0.text."
    )
    timeout_seconds = models.PositiveIntegerField(default=120)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="agent_name_once_a_project")]
        indexes = [models.Index(fields=["project", "-created_at", "-id"], name="agent_list")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """An endpoint needs its address, and a character must compile to a system prompt. Raises ValidationError."""
        if self.is_endpoint:
            if not self.endpoint_url:
                raise ValidationError({"endpoint_url": "An endpoint agent needs the address it is reached at."})
            return
        if self.endpoint_url:
            raise ValidationError({"kind": "An agent with an endpoint_url is of kind openai_endpoint or webhook: say which."})
        if not isinstance(self.character, dict):
            raise ValidationError({"character": 'Must be a JSON object such as {"bio": "…"}.'})
        try:
            compile_system_prompt({"name": self.name, **self.character})
        except ValueError as error:
            raise ValidationError(str(error)) from None

    @property
    def is_endpoint(self) -> bool:
        return self.kind != self.Kind.CHARACTER

    def set_secret(self, secret: str) -> None:
        """Store the endpoint's bearer token encrypted."""
        self.endpoint_secret_encrypted = encrypt(secret)

    def snapshot(self) -> dict[str, Any]:
        """What a run keeps of the agent: everything but secrets."""
        return {
            "agent_id": str(self.id),
            "name": self.name,
            "kind": self.kind,
            "model": self.model,
            "character": self.character,
            "endpoint_url": self.endpoint_url,
            "reply_path": self.reply_path,
            "timeout_seconds": self.timeout_seconds,
        }
