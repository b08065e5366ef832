"""How an operation or a task of the project's own is asked and judged: eval definitions and custom evals."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel
from templates_app.models.prompts import Brand
from templates_app.models.sources import ApiOperation


class CustomEvalCategory(TimestampedModel):
    """A heading over custom evals."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="custom_eval_categories")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "custom eval categories"
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="custom_category_once_a_project")]

    def __str__(self) -> str:
        return self.name


class CustomEval(TimestampedModel):
    """A task prompt that is judged against the expected behaviour of its definition. `prompt` is what `prompt_template` rendered to."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="custom_evals")
    prompt = models.TextField()
    prompt_template = models.TextField(blank=True)
    description = models.TextField(blank=True)
    category = models.ForeignKey(CustomEvalCategory, on_delete=models.SET_NULL, null=True, blank=True, related_name="custom_evals")
    competitor = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    group = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="variants", help_text="The eval that this is a variant of."
    )
    is_selected = models.BooleanField(default=True, help_text="Run where no custom evals are named.")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["project", "-created_at", "-id"], name="custom_eval_list")]

    def __str__(self) -> str:
        return self.prompt[:80]


class EvalDefinition(TimestampedModel):
    """How one operation, or one custom eval, is asked: exactly one of the two is set."""

    class DocsMode(models.TextChoices):
        DEFAULT = "default"
        INCLUDE = "include"
        EXCLUDE = "exclude"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="eval_definitions")
    operation = models.ForeignKey(ApiOperation, on_delete=models.CASCADE, null=True, blank=True, related_name="definitions")
    custom_eval = models.OneToOneField(CustomEval, on_delete=models.CASCADE, null=True, blank=True, related_name="definition")
    eval_type = models.CharField(max_length=40, help_text="The source type, unless the definition has a name of its own.")
    custom_prompt = models.TextField(blank=True)
    expected_behavior = models.TextField(blank=True)
    docs_mode = models.CharField(max_length=8, choices=DocsMode.choices, default=DocsMode.DEFAULT)
    include_env_vars = models.BooleanField(default=True, help_text="Tell the model the names of the profile's variables.")
    env_profile_keys = models.JSONField(default=list, blank=True)
    model_ids = models.JSONField(default=list, blank=True, help_text="Models this eval is for; empty for all that are asked.")
    run_context = models.JSONField(default=dict, blank=True, help_text="What the model is told beside the task.")
    pass_score = models.FloatField(default=70.0, validators=[MinValueValidator(0), MaxValueValidator(100)])
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["project", "created_at", "id"], name="definition_list")]
        constraints = [
            models.UniqueConstraint(fields=["operation", "eval_type"], name="definition_once_a_type"),
            models.CheckConstraint(
                condition=Q(operation__isnull=False, custom_eval=None) | Q(operation=None, custom_eval__isnull=False),
                name="definition_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.eval_type} of {self.operation or self.custom_eval}"
