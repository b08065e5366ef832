"""Admin pages of runs, their rows, and what the engine notes about itself. All of it is history, so read-only; runs can be deleted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from runs.models import CallTally, EvalRun, Message, ModelCall, RunEvent, Verdict, Worker


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
