"""Whom a project asks by default, and how often: the configured targets of its prompts, custom evals and sources."""

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel
from templates_app.models import ApiSource, PromptTopic, SourceType

NAME = 200


class Frequency(models.TextChoices):
    """How often a configured target is run by itself."""

    DAILY = "daily", "Daily"
    EVERY_OTHER_DAY = "every_other_day", "Every other day"
    WEEKLY = "weekly", "Weekly"
    MANUAL = "manual", "By hand only"


class TargetType(models.TextChoices):
    """Who is asked: a model that answers in text, or a coding agent that works in a sandbox."""

    TEXT = "text", "Model"
    AGENT = "agent", "Coding agent"


class Target(TimestampedModel):
    """Whom a project asks by default: of its prompts, of its custom evals, or of one source. Those with a frequency run by themselves."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="targets")
    source_type = models.CharField(max_length=12, choices=SourceType.choices)
    source = models.ForeignKey(ApiSource, on_delete=models.CASCADE, null=True, blank=True, related_name="targets")
    target_type = models.CharField(max_length=5, choices=TargetType.choices, default=TargetType.TEXT)
    execution_platform = models.CharField(max_length=120, help_text="A model provider's name, or a coding agent's.")
    model_id = models.CharField(max_length=NAME)
    prompt_platform_id = models.CharField(max_length=120, blank=True, help_text="Of prompts; empty for the execution platform.")
    prompt_topic = models.ForeignKey(PromptTopic, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    frequency = models.CharField(max_length=16, choices=Frequency.choices, default=Frequency.DAILY)
    enabled = models.BooleanField(default=True)
    next_run_at = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_skipped_at = models.DateTimeField(null=True, blank=True)
    skip_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["project", "source_type", "created_at"], name="target_list"),
            models.Index(fields=["next_run_at"], name="target_due", condition=Q(enabled=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "project",
                    "source_type",
                    "source",
                    "target_type",
                    "execution_platform",
                    "model_id",
                    "prompt_platform_id",
                    "prompt_topic",
                ],
                name="target_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.execution_platform}/{self.model_id}"

    @property
    def key(self) -> str:
        """How results name it."""
        return target_key(self.target_type, self.execution_platform, self.model_id)


def target_key(target_type: str, execution_platform: str, model_id: str) -> str:
    """text:openai:gpt-4.1"""
    return f"{target_type}:{execution_platform}:{model_id}"


OF_DEMO = target_key(TargetType.TEXT, "demo", "")  # how the keys of demo models begin
