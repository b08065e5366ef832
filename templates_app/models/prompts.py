"""Prompts that answer engines are asked, their topics, and the brands whose mentions are counted in the answers."""

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel
from templates_app.models.rubrics import EvalTemplate


class Brand(TimestampedModel):
    """A name that is looked for in answers: the project's own, or a competitor's. The first own one is the company."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="brands")
    name = models.CharField(max_length=120)
    aliases = models.JSONField(default=list, blank=True, help_text="Other names of it, a list of texts.")
    domain = models.CharField(max_length=253, blank=True, help_text="Its web site, such as example.com: cited pages there are its own.")
    is_own = models.BooleanField(default=False)

    class Meta:
        ordering = ["-is_own", "created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="brand_name_once_a_project")]

    def __str__(self) -> str:
        return self.name


class PromptTopic(TimestampedModel):
    """What prompts are about. One that is archived is kept for the prompts and answers that name it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_topics")
    name = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], condition=Q(archived_at=None), name="topic_name_once_a_project")]

    def __str__(self) -> str:
        return self.name


class PromptTag(TimestampedModel):
    """A free word on prompts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_tags")
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="tag_name_once_a_project")]

    def __str__(self) -> str:
        return self.name


class Prompt(TimestampedModel):
    """A question as a person would put it to an answer engine. Only active ones are run where none are named."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"
        ARCHIVED = "archived"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompts")
    topic = models.ForeignKey(PromptTopic, on_delete=models.RESTRICT, related_name="prompts")
    text = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    platform_ids = models.JSONField(
        default=list, blank=True, help_text="Where configured targets ask it; empty for everywhere. A list of provider or agent names."
    )
    tags = models.ManyToManyField(PromptTag, blank=True, related_name="prompts")
    template = models.ForeignKey(
        EvalTemplate, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="Judges the answers, if given."
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="prompt_list"),
            models.Index(fields=["project", "status", "-created_at", "-id"], name="prompt_list_by_status"),
            models.Index(fields=["topic", "-created_at", "-id"], name="prompt_list_by_topic"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
