"""Admin pages of projects, members and keys. A key is made in the settings or by `evalhub create-key`; here it is looked at and revoked.

Kept answers can be looked at and forgotten, and so can counts of failed sign-ins: whoever was locked out then tries again.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from evalhub.accounts.models import ApiKey, IdempotencyRecord, Membership, PersonSession, Project, SignInTally


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin[Project]):
    list_display = ["name", "created_at"]
    search_fields = ["name"]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ["user", "project", "role"]
    list_filter = ["role", "project"]
    list_select_related = ["user", "project"]
    autocomplete_fields = ["user", "project"]
    exclude = ["changed_by"]


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    list_display = ["name", "project", "prefix", "last_used_at", "revoked_at"]
    list_filter = ["project"]
    list_select_related = ["project"]
    readonly_fields = ["project", "name", "prefix", "scopes", "created_by", "last_used_at", "expires_at", "revoked_at", "created_at"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Revoke selected keys")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        count = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} keys revoked.")


class NotedAdmin(admin.ModelAdmin[Any]):
    """Rows that EvalHub keeps for itself: looked at, and deleted."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PersonSession)
class PersonSessionAdmin(NotedAdmin):
    list_display = ["user", "browser", "address", "created_at", "seen_at"]
    list_select_related = ["user"]
    search_fields = ["=user__username"]
    fields = ["user", "browser", "address", "created_at", "seen_at"]  # not the key, which is as good as being signed in

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the session itself would go on


@admin.register(SignInTally)
class SignInTallyAdmin(NotedAdmin):
    list_display = ["key", "since", "tries"]


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(NotedAdmin):
    list_display = ["key", "holder", "method", "path", "status", "project", "created_at"]
    list_select_related = ["project"]
    search_fields = ["=key"]
