"""What belongs to a run: its transcript, what was asked of models, what was judged, and the numbered log of it all."""

from django.db import models
from django.utils import timezone

from runs.models.run import MODEL_NAME, EvalRun


class Message(models.Model):
    """One line of the transcript. `index` counts from 0 over the whole run; a turn is a user message and what answers it."""

    class Role(models.TextChoices):
        SYSTEM = "system"
        USER = "user"
        ASSISTANT = "assistant"
        TOOL = "tool"

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="messages")
    index = models.PositiveIntegerField()
    session_index = models.PositiveIntegerField(default=0)
    turn_index = models.PositiveIntegerField(default=0)
    role = models.CharField(max_length=10, choices=Role.choices)
    content = models.TextField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    tool_calls = models.JSONField(default=list, blank=True)
    tool_call_id = models.CharField(max_length=200, blank=True)
    simulated_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="message_index_once_a_run")]


class ModelCall(models.Model):
    """One request to a model, whether it worked or not. Costs are sums of these rows; price_usd null means unpriced."""

    class Purpose(models.TextChoices):
        USER = "user", "Simulated user"
        AGENT = "agent", "Agent"
        MEMORY = "memory", "Memory"
        JUDGE = "judge", "Judge"
        ADAPTATION = "adaptation", "Adaptation judge"

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="model_calls")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    model = models.CharField(max_length=MODEL_NAME)
    attempt = models.PositiveSmallIntegerField(default=1)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_input_tokens = models.PositiveIntegerField(null=True, blank=True)
    price_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    latency_ms = models.PositiveIntegerField(default=0)
    finish_reason = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "purpose"], name="call_by_run")]


class Verdict(models.Model):
    """What one judge said in one sample, kept as it was said and checked. The run's results are computed from these rows."""

    class Kind(models.TextChoices):
        QUALITY = "quality"
        ADAPTATION = "adaptation"

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="verdicts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    judge_model = models.CharField(max_length=MODEL_NAME)
    sample = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "kind", "judge_model", "sample"], name="verdict_once_a_sample")]


class RunEvent(models.Model):
    """One numbered line of the log. `seq` counts from 0 without gaps; readers always ask for what comes after a number."""

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_seq_once_a_run")]
