"""Admin pages of templates with their categories, and of personas."""

from typing import Any

from django.contrib import admin
from django.forms import BaseModelForm
from django.http import HttpRequest

from templates_app.models import EvalCategory, EvalTemplate, EvalTemplateVersion, Persona
from templates_app.versions import version_begin, version_record


class CategoryInline(admin.StackedInline[EvalCategory, EvalTemplate]):
    model = EvalCategory
    extra = 0


@admin.register(EvalTemplate)
class EvalTemplateAdmin(admin.ModelAdmin[EvalTemplate]):
    list_display = ["name", "template_type", "project", "judge_model", "created_at"]
    list_filter = ["template_type", "project"]
    list_select_related = ["project"]
    search_fields = ["name"]
    inlines = [CategoryInline]

    def save_model(self, request: HttpRequest, obj: EvalTemplate, form: BaseModelForm[EvalTemplate], change: bool) -> None:
        if change:
            version_begin(EvalTemplate.objects.get(pk=obj.pk))  # what it was: `obj` is what it becomes
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        version_record(form.instance, author=request.user, note="In the admin pages.")  # type: ignore[arg-type]  # only people get here

    def has_change_permission(self, request: HttpRequest, obj: EvalTemplate | None = None) -> bool:
        """System templates come with the release; an edit would be overwritten by the next start."""
        return super().has_change_permission(request, obj) and not (obj and obj.is_system)

    def has_delete_permission(self, request: HttpRequest, obj: EvalTemplate | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_system)


@admin.register(Persona)
class PersonaAdmin(admin.ModelAdmin[Persona]):
    list_display = ["name", "project", "created_at"]
    list_filter = ["project"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(EvalTemplateVersion)
class VersionAdmin(admin.ModelAdmin[EvalTemplateVersion]):
    """History: to read."""

    list_display = ["template", "number", "author", "note", "created_at"]
    list_select_related = ["template", "author"]
    search_fields = ["template__name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: EvalTemplateVersion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: EvalTemplateVersion | None = None) -> bool:
        return False
