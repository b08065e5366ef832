"""One evaluation happening.

The run carries frozen snapshots of template, agent and persona, so that an edit never changes a running evaluation (decision 11).
It outlives what it was made from: see `_outlived`.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.models import TimestampedModel
from runs.states import ACTIVE, FINAL, Status
from templates_app.models import EvalTemplate

MODEL_NAME = 300  # provider/model, where each part may be 200 long with an endpoint agent
LONGEST_LEASE = timedelta(minutes=11)  # EVALHUB_LEASE_SECONDS is ten at most; machines may have different ones
STATUS_CHOICES = [(status.value, status.value) for status in Status]


# What a worker may look at. SQLite proves a partial index by literals alone: with parameters it would read the whole history at each claim.
ALIVE = RawSQL("runs_evalrun.status IN ('pending', 'running')", [], output_field=models.BooleanField())  # noqa: S611  no outside text in it

# What people start by itself. Children of batches are listed with their batch.
OWN_KINDS = ("simulate", "run_eval", "evaluate", "eval_only")
OWN = RawSQL(f"runs_evalrun.kind IN {OWN_KINDS}", [], output_field=models.BooleanField())  # noqa: S608, S611

# Children of batches are claimed by their batch, which has an index of its own.
SINGLE_WAITS = RawSQL("(runs_evalrun.batch_id IS NULL AND runs_evalrun.status = 'pending')", [], output_field=models.BooleanField())  # noqa: S611


def _outlived(to: Any) -> Any:
    """A reference whose id stays when the row it names is deleted: runs are found by it, and no deletion has to touch or await a run.

    The id is what to read; the row itself may be gone. No index: only `agent` is searched by, in `run_list_by_agent`.
    """
    return models.ForeignKey(to, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, blank=True, related_name="+")


def _silent(at: datetime) -> Q:
    """Held by nobody, run out, or ahead of any lease that can be set: then the clock went back, and nobody has renewed it since."""
    ahead = at + LONGEST_LEASE
    return Q(status=Status.RUNNING) & (Q(lease_expires_at=None) | Q(lease_expires_at__lt=at) | Q(lease_expires_at__gt=ahead))


class RunQuerySet(models.QuerySet["EvalRun"]):
    """Filters that more than one caller needs."""

    def of(self, project: Project) -> "RunQuerySet":
        return self.filter(project=project)

    def claimable(self, at: datetime | None = None) -> "RunQuerySet":
        """Waiting, or held by a worker whose lease is silent at that time (now) while attempts remain."""
        held = _silent(at or timezone.now()) & Q(attempt__lt=models.F("max_attempts"))
        return self.filter(ALIVE, Q(status=Status.PENDING) | held)

    def abandoned(self, at: datetime | None = None) -> "RunQuerySet":
        """Silent leases with no attempt left: to be ended as interrupted."""
        return self.filter(ALIVE, _silent(at or timezone.now()), attempt__gte=models.F("max_attempts"))

    def silent(self, at: datetime | None = None) -> "RunQuerySet":
        """Held by a worker of which nothing has been heard for a whole lease, or by none."""
        return self.filter(ALIVE, _silent(at or timezone.now()))

    def unheard(self, at: datetime | None = None) -> "RunQuerySet":
        """Asked to stop, and there is no worker that would hear it."""
        return self.filter(ALIVE, Q(status=Status.PENDING) | _silent(at or timezone.now()), cancel_requested_at__isnull=False)

    def delete(self) -> tuple[int, dict[str, int]]:
        """One run after another, each locked before its rows and in a transaction of its own.

        All in one statement would hold some runs while it waits for others; two who do that wait for each other.
        """
        counts: Counter[str] = Counter()
        for key in list(self.order_by("pk").values_list("pk", flat=True)):
            with transaction.atomic(using=self.db):
                run = self.model._base_manager.using(self.db).select_for_update().filter(pk=key).first()
                counts.update(run.delete()[1] if run else {})
        return counts.total(), dict(counts)

    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]  # as Django's own: no manager has it


class EvalRun(TimestampedModel):
    """One evaluation. The row is the truth about it; the queue only says that there is work."""

    class Kind(models.TextChoices):
        SIMULATE = "simulate", "Simulate"
        RUN_EVAL = "run_eval", "Simulate and judge"
        EVALUATE = "evaluate", "Judge a transcript"
        EVAL_ONLY = "eval_only", "Judge again"
        TRIAL = "trial", "Part of a batch"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="eval_runs")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.PENDING)
    agent = _outlived(Agent)
    agent_name = models.CharField(max_length=200)
    template = _outlived(EvalTemplate)
    adaptation_template = _outlived(EvalTemplate)
    source_run = _outlived("self")
    batch = models.ForeignKey(
        "runs.Batch", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, blank=True, related_name="children"
    )
    scenario_id = models.UUIDField(null=True, blank=True, help_text="Shared by the repeats of one scenario; null for a run of its own.")
    user_id = models.CharField(max_length=200, blank=True, help_text="The simulated user's id, as an endpoint agent is told it.")

    agent_snapshot = models.JSONField(default=dict)
    template_snapshot = models.JSONField(default=dict)
    adaptation_template_snapshot = models.JSONField(default=dict)
    user_persona = models.JSONField(default=dict)
    simulation_config = models.JSONField(default=dict)
    sessions = models.JSONField(default=list)
    agent_model = models.CharField(max_length=MODEL_NAME, blank=True)
    user_model = models.CharField(max_length=MODEL_NAME, blank=True)
    judge_model = models.CharField(max_length=MODEL_NAME, blank=True)
    adaptation_judge_model = models.CharField(max_length=MODEL_NAME, blank=True)
    uses_demo = models.BooleanField(default=False, help_text="A demo model played a part: its scores are labelled.")

    simulation_state = models.JSONField(default=dict)
    evaluation_result = models.JSONField(default=dict)
    adaptation_result = models.JSONField(default=dict)
    score = models.FloatField(null=True, blank=True)
    adaptation_score = models.FloatField(null=True, blank=True)
    total_sessions = models.PositiveIntegerField(default=0)
    total_turns = models.PositiveIntegerField(default=0)
    planned_turns = models.PositiveIntegerField(default=0)
    simulated_minutes = models.PositiveIntegerField(default=0)
    simulation_cost_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    evaluation_cost_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    unpriced_calls = models.PositiveIntegerField(default=0)
    max_cost_usd = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="The run stops before the call that would pass it."
    )
    error_code = models.CharField(max_length=40, blank=True)
    error_reason = models.TextField(blank=True)

    next_seq = models.PositiveIntegerField(default=0, help_text="The number the next event gets.")
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False, help_text="The Worker that holds the lease.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    last_commit = models.UUIDField(null=True, blank=True, editable=False, help_text="The mark of the last step that was written.")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="run_list", condition=Q(kind__in=OWN_KINDS)),
            models.Index(fields=["project", "status", "-created_at", "-id"], name="run_list_by_status"),
            models.Index(fields=["project", "agent", "-created_at", "-id"], name="run_list_by_agent"),
            models.Index(
                fields=["project", "scenario_id", "-created_at", "-id"], name="run_list_by_scenario", condition=Q(scenario_id__isnull=False)
            ),
            models.Index(fields=["batch", "status"], name="run_by_batch", condition=Q(batch__isnull=False)),
            # The claim reads only what is alive, so it does not slow down as history grows.
            models.Index(fields=["status", "created_at"], name="run_claim", condition=Q(status__in=[Status.PENDING, Status.RUNNING])),
            models.Index(fields=["created_at"], name="run_claim_single", condition=Q(batch=None, status=Status.PENDING)),
        ]

    def __str__(self) -> str:
        return f"{self.agent_name} {self.kind} {self.status}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def may_go_on(self) -> bool:
        """Whether something may still happen to it: somebody may resume one that was interrupted."""
        return self.is_active or self.status == Status.INTERRUPTED

    @property
    def total_cost_usd(self) -> float:
        return float(self.simulation_cost_usd + self.evaluation_cost_usd)

    @property
    def judges_quality(self) -> bool:
        return bool(self.template_snapshot)

    @property
    def judges_adaptation(self) -> bool:
        return bool(self.adaptation_template_snapshot)
