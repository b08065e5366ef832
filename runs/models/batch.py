"""A durable eval run: the parent that fans out children, what it asks, whom, and what came of each child.

A child is an EvalRun like any other, with one Trial beside it. Ids of what a batch was made from stay when those rows are gone: a batch
carries frozen copies (BatchSubject, `targets`, `brands`) of all it needs, but for secrets.
"""

import uuid

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from evalhub.common.models import TimestampedModel
from runs.models.run import MODEL_NAME, STATUS_CHOICES, EvalRun
from runs.models.target import NAME, TargetType
from runs.states import ACTIVE, FINAL, Status
from templates_app.models import ApiSource, SourceType

# Literals, as for runs: with parameters SQLite would read every batch there ever was.
ALIVE = RawSQL("runs_batch.status IN ('pending', 'running', 'summarizing')", [], output_field=models.BooleanField())  # noqa: S611


class BatchQuerySet(models.QuerySet["Batch"]):
    """Filters that more than one caller needs."""

    def of(self, project: Project) -> "BatchQuerySet":
        return self.filter(project=project)

    def alive(self) -> "BatchQuerySet":
        """Not over: to be dispatched, waited for, cancelled or summarized."""
        return self.filter(ALIVE, status__in=ACTIVE)

    def with_active(self) -> "BatchQuerySet":
        """Beside each `active`: whether a child of it waits or runs."""
        active = EvalRun.objects.filter(batch=OuterRef("pk"), status__in=[Status.PENDING, Status.RUNNING]).order_by()
        return self.annotate(active=Exists(active))

    def in_need(self) -> "BatchQuerySet":
        """Those for which somebody has something to do: children to be made or cancelled, an end to be written."""
        to_make = Q(cancel_requested_at=None, dispatched__lt=F("total"))
        to_cancel = Q(cancel_requested_at__isnull=False) & Exists(EvalRun.objects.filter(batch=OuterRef("pk"), status=Status.PENDING))
        return self.alive().with_active().filter(to_make | to_cancel | Q(active=False))


class Batch(TimestampedModel):
    """One durable eval run. Children are numbered by `position` in `cells`; the first `dispatched` of them exist."""

    class Trigger(models.TextChoices):
        API = "api", "API"
        PAGE = "page", "Page"
        SCHEDULE = "schedule", "Schedule"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="batches")
    name = models.CharField(max_length=NAME, blank=True)
    source_type = models.CharField(max_length=12, choices=SourceType.choices)
    source = models.ForeignKey(
        ApiSource, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, blank=True, related_name="+"
    )
    source_label = models.CharField(max_length=NAME, blank=True)
    source_batch = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, blank=True, related_name="+"
    )
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.API)
    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.PENDING)

    request = models.JSONField(default=dict, help_text="What was asked for, as it was asked.")
    targets = models.JSONField(default=list, help_text="Frozen: [{target_type, execution_platform, platform, model_id, label, key, …}].")
    profiles = models.JSONField(default=list, help_text="Frozen: [{id, key, name, base_url, variable_names}]; values are read when used.")
    brands = models.JSONField(default=list, help_text="Frozen: [{id, name, aliases, domain, is_own}].")
    source_snapshot = models.JSONField(default=dict, help_text="Frozen: {id, source_type, label, base_url, docs_url, docs, command}.")
    cells = models.JSONField(default=list, help_text="[[subject, target, profile or null], …]: indexes, one item a child.")
    total = models.PositiveIntegerField(default=0)
    dispatched = models.PositiveIntegerField(default=0, help_text="How many children were made.")
    removed = models.JSONField(default=dict, help_text="How many children were deleted, by the status they had.")
    eval_count = models.PositiveIntegerField(default=0)
    model_count = models.PositiveIntegerField(default=0)

    estimated_cost_usd = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, help_text="Null: some price is unknown."
    )
    max_cost_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True, help_text="Of each child.")
    uses_demo = models.BooleanField(default=False)
    summary = models.JSONField(default=dict)
    error_code = models.CharField(max_length=40, blank=True)
    error_reason = models.TextField(blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="batch_list"),
            models.Index(fields=["project", "status", "-created_at", "-id"], name="batch_list_by_status"),
            models.Index(fields=["created_at"], name="batch_alive", condition=Q(status__in=["pending", "running", "summarizing"])),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_source_type_display()} {self.status}"

    @property
    def title(self) -> str:
        """Its name, else what it is of."""
        return self.name or self.source_label or str(self.get_source_type_display())

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def type(self) -> str:
        """prompts or api_performance, as the API names the two families."""
        return "prompts" if self.source_type == SourceType.PROMPTS else "api_performance"


class BatchSubject(models.Model):
    """One thing that a batch asks, frozen: a prompt, an operation's eval definition, or a custom eval."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="subjects")
    index = models.PositiveIntegerField()
    ref = models.UUIDField(help_text="The prompt, operation or custom eval.")
    definition = models.UUIDField(null=True, blank=True, help_text="The EvalDefinition, where there is one.")
    label = models.CharField(max_length=NAME)
    group_id = models.UUIDField(null=True, blank=True, help_text="The topic or category.")
    group = models.CharField(max_length=NAME, blank=True)
    eval_type = models.CharField(max_length=40, blank=True)
    snapshot = models.JSONField(default=dict, help_text="All that asking and judging it needs.")

    class Meta:
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["batch", "index"], name="subject_index_once_a_batch")]

    def __str__(self) -> str:
        return self.label


class Trial(models.Model):
    """What one child was to do and what came of it. The run beside it has status, transcript, score and costs.

    `passed` is null while nothing was decided, and for prompts that nobody judges. `details` depends on the source type: checks, exchange,
    exit code, stdout and stderr, mentions, cited URLs.
    """

    run = models.OneToOneField(EvalRun, on_delete=models.CASCADE, primary_key=True, related_name="trial")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="trials")
    position = models.PositiveIntegerField()
    subject = models.ForeignKey(BatchSubject, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    subject_index = models.PositiveIntegerField()
    target_index = models.PositiveIntegerField()
    profile_index = models.PositiveIntegerField(null=True, blank=True)

    source_type = models.CharField(max_length=12, choices=SourceType.choices)
    source_id = models.UUIDField(null=True, blank=True)
    ref = models.UUIDField(help_text="The prompt, operation or custom eval.")
    label = models.CharField(max_length=NAME)
    group_id = models.UUIDField(null=True, blank=True)
    group = models.CharField(max_length=NAME, blank=True)
    eval_type = models.CharField(max_length=40, blank=True)
    target_type = models.CharField(max_length=5, choices=TargetType.choices)
    target_key = models.CharField(max_length=MODEL_NAME, help_text="target_type:execution_platform:model_id")
    platform = models.CharField(max_length=120, help_text="The prompt platform of prompts, else the execution platform.")
    model = models.CharField(max_length=MODEL_NAME)

    passed = models.BooleanField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    failure_reasons = models.JSONField(default=list, help_text="Of templates_app.reasons, the weightiest first.")
    first_reason = models.CharField(max_length=40, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True, help_text="Of the answer, or of the request or execution it led to.")
    tool_calls = models.PositiveIntegerField(default=0)
    own_mentions = models.PositiveIntegerField(default=0, help_text="Of own brands, in the answer to a prompt.")
    all_mentions = models.PositiveIntegerField(default=0, help_text="Of all brands.")
    own_rank = models.PositiveIntegerField(null=True, blank=True, help_text="Of the own brand that is named first.")
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="position_once_a_batch")]
        indexes = [
            models.Index(fields=["batch", "subject_index", "target_index"], name="trial_matrix"),
            models.Index(fields=["batch", "score", "position"], name="trial_by_score"),
            models.Index(fields=["batch", "latency_ms", "position"], name="trial_by_latency"),
            models.Index(fields=["project", "source_type", "-finished_at"], name="trial_by_source_type"),
            models.Index(fields=["project", "ref", "-finished_at"], name="trial_by_subject"),
        ]


class Mention(models.Model):
    """A brand in one answer. `rank` counts the brands of the answer by their first places, from 1."""

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    demo = models.BooleanField(default=False, help_text="A demo model answered.")
    platform = models.CharField(max_length=120)
    topic_id = models.UUIDField(null=True, blank=True)
    brand_id = models.UUIDField()
    brand = models.CharField(max_length=120)
    is_own = models.BooleanField(default=False)
    count = models.PositiveIntegerField()
    rank = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "brand_id"], name="brand_once_an_answer")]


class Citation(models.Model):
    """A page that one answer cites, in the order in which they appear, from 1."""

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="citations", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    demo = models.BooleanField(default=False, help_text="A demo model answered.")
    platform = models.CharField(max_length=120)
    topic_id = models.UUIDField(null=True, blank=True)
    place = models.PositiveIntegerField()
    url = models.TextField()
    domain = models.CharField(max_length=253)
    is_own = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="citation_place_once_an_answer")]
        indexes = [
            models.Index(fields=["project", "demo", "-day", "-id"], name="citation_newest"),
            models.Index(fields=["project", "demo", "platform", "-day", "-id"], name="citation_of_platform"),
            models.Index(fields=["project", "demo", "topic_id", "-day", "-id"], name="citation_of_topic"),
        ]


def shown_id(prefix: str, key: uuid.UUID) -> str:
    """An id of the API's: eval_run_…, job_… or dispatch_…"""
    return f"{prefix}_{key.hex}"


def read_id(prefix: str, text: str) -> uuid.UUID | None:
    """The key behind such an id; a bare UUID is taken too. None for anything else."""
    return id_or_none(text.removeprefix(f"{prefix}_"))
