"""Admin pages of runs, their rows, and what the engine notes about itself. All of it is history, so read-only; runs can be deleted."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from runs.models import (
    Batch,
    BatchSubject,
    CallTally,
    Citation,
    EvalRun,
    Mention,
    Message,
    ModelCall,
    RunEvent,
    Target,
    Trial,
    Verdict,
    Worker,
)


class HistoryAdmin(admin.ModelAdmin[Any]):
    """Looked at, never edited. Rows are counted by nobody: a COUNT over the log would grow with history."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RowAdmin(HistoryAdmin):
    list_select_related = ["run"]
    raw_id_fields = ["run"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Rows go with their run: the admin asks here too before it cascades.
        return "/evalrun/" in request.path


@admin.register(EvalRun)
class EvalRunAdmin(HistoryAdmin):
    list_display = ["id", "agent_name", "kind", "status", "score", "uses_demo", "project", "created_at"]
    list_filter = ["status", "kind", "project"]
    list_select_related = ["project"]
    search_fields = ["=id", "agent_name"]

    def delete_model(self, request: HttpRequest, obj: EvalRun) -> None:
        EvalRun.objects.filter(pk=obj.pk).delete()  # locks the run before its rows


@admin.register(Message)
class MessageAdmin(RowAdmin):
    list_display = ["run", "index", "session_index", "role", "created_at"]


@admin.register(ModelCall)
class ModelCallAdmin(RowAdmin):
    list_display = ["run", "purpose", "model", "input_tokens", "output_tokens", "price_usd", "latency_ms", "error"]
    list_filter = ["purpose"]


@admin.register(Verdict)
class VerdictAdmin(RowAdmin):
    list_display = ["run", "kind", "judge_model", "sample", "created_at"]


@admin.register(RunEvent)
class RunEventAdmin(RowAdmin):
    list_display = ["run", "seq", "type", "created_at"]


class NotedAdmin(HistoryAdmin):
    """Written by the engine, which also removes it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Worker)
class WorkerAdmin(NotedAdmin):
    list_display = ["host", "pid", "kind", "driving", "concurrency", "calls_per_second", "started_at", "seen_at"]
    list_filter = ["kind"]
    ordering = ["-seen_at"]


@admin.register(CallTally)
class CallTallyAdmin(NotedAdmin):
    list_display = ["day", "project", "model", "purpose", "calls", "failed", "retries", "input_tokens", "output_tokens", "price_usd"]
    list_filter = ["purpose", "project"]
    list_select_related = ["project"]
    ordering = ["-day", "-id"]


@admin.register(Batch)
class BatchAdmin(HistoryAdmin):
    """Deleted on its own page, which takes the children along piece by piece."""

    list_display = ["id", "name", "source_type", "status", "total", "dispatched", "project", "created_at"]
    list_filter = ["status", "source_type", "project"]
    list_select_related = ["project"]
    search_fields = ["=id", "name"]
    exclude = ["cells"]  # an item a child

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        return super().get_queryset(request).defer("cells")


@admin.register(BatchSubject)
class BatchSubjectAdmin(NotedAdmin):
    list_display = ["batch", "index", "label", "group", "eval_type"]
    list_select_related = ["batch"]
    raw_id_fields = ["batch"]


@admin.register(Trial)
class TrialAdmin(RowAdmin):
    list_display = ["run", "batch", "position", "label", "target_key", "passed", "score", "first_reason", "latency_ms"]
    list_filter = ["source_type", "passed"]
    raw_id_fields = ["run", "batch", "subject"]
    ordering = ["-created_at", "-run_id"]


@admin.register(Mention)
class MentionAdmin(RowAdmin):
    list_display = ["run", "day", "platform", "brand", "is_own", "rank", "count"]
    list_filter = ["is_own"]
    ordering = ["-id"]


@admin.register(Citation)
class CitationAdmin(RowAdmin):
    list_display = ["run", "day", "platform", "domain", "url", "is_own"]
    list_filter = ["is_own"]
    ordering = ["-id"]


@admin.register(Target)
class TargetAdmin(admin.ModelAdmin[Target]):
    list_display = ["execution_platform", "model_id", "source_type", "source", "frequency", "enabled", "next_run_at", "project"]
    list_filter = ["source_type", "frequency", "enabled", "project"]
    list_select_related = ["project", "source"]
