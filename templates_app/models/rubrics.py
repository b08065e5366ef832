"""What is asked and how it is judged: rubric templates with their categories, and personas.

A row without a project is a *system* row: everybody reads it, nobody edits it.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel


class VisibleQuerySet(models.QuerySet["EvalTemplate"]):
    """Rows a project may use: its own and the system's."""

    def visible_to(self, project: Project) -> "VisibleQuerySet":
        return self.filter(Q(project=project) | Q(project=None))


class EvalTemplate(TimestampedModel):
    """A rubric and its categories. An empty judge_model means the project's default judge."""

    class Type(models.TextChoices):
        QUALITY = "quality"
        ADAPTATION = "adaptation"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="eval_templates")
    slug = models.SlugField(
        max_length=80, blank=True, editable=False, help_text="Set on system templates only, so that an upgrade finds them again."
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    template_type = models.CharField(max_length=20, choices=Type.choices, default=Type.QUALITY)
    judge_model = models.CharField(max_length=200, blank=True)
    temperature = models.FloatField(default=0.3, validators=[MinValueValidator(0), MaxValueValidator(2)])
    max_tokens = models.PositiveIntegerField(default=8192, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)])
    scoring_rubric = models.TextField(blank=True)
    judge_samples = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(20)])
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When a run last took it, to the minute.")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["project", "template_type", "-created_at"], name="template_list")]
        constraints = [models.UniqueConstraint(fields=["slug"], condition=Q(project=None), name="system_template_slug_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_system(self) -> bool:
        return self.project_id is None


class EvalCategory(TimestampedModel):
    """One thing a judge gives a score for. `weight` counts in the weighted mean of the template."""

    template = models.ForeignKey(EvalTemplate, on_delete=models.CASCADE, related_name="categories")
    key = models.SlugField(max_length=80)
    label = models.CharField(max_length=200)
    prompt_instructions = models.TextField(blank=True)
    weight = models.FloatField(default=1.0, validators=[MinValueValidator(0.0)])
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "key"]
        verbose_name_plural = "eval categories"
        constraints = [models.UniqueConstraint(fields=["template", "key"], name="category_key_once_a_template")]

    def __str__(self) -> str:
        return self.label


class EvalTemplateVersion(models.Model):
    """What a template was after a save. Written by `templates_app.versions` only, and never changed."""

    template = models.ForeignKey(EvalTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    snapshot = models.JSONField(help_text="All that can be edited, as `templates_app.snapshot.content` says it.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="version_number_once_a_template")]

    def __str__(self) -> str:
        return f"{self.template} version {self.number}"


class Persona(TimestampedModel):
    """A simulated user: who they are, what they want, and what they know."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="personas")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    style = models.TextField(blank=True)
    goal = models.TextField(blank=True)
    facts = models.JSONField(default=list, blank=True)
    behaviours = models.JSONField(default=list, blank=True)
    patience = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Turns without progress before this user gives up.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="persona_name_once_a_project")]

    def __str__(self) -> str:
        return self.name
