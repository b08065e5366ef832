"""Admin pages of templates with their categories, of personas, and of what batches ask. Values of environments are never shown."""

from typing import Any

from django.contrib import admin
from django.forms import BaseModelForm
from django.http import HttpRequest

from templates_app.models import (
    ApiOperation,
    ApiSource,
    Brand,
    CustomEval,
    CustomEvalCategory,
    EnvProfile,
    EvalCategory,
    EvalDefinition,
    EvalTemplate,
    EvalTemplateVersion,
    Persona,
    Prompt,
    PromptTag,
    PromptTopic,
)
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


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin[Brand]):
    list_display = ["name", "is_own", "domain", "project"]
    list_filter = ["is_own", "project"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(PromptTopic, PromptTag, CustomEvalCategory)
class NamedAdmin(admin.ModelAdmin[Any]):
    list_display = ["name", "project", "created_at"]
    list_filter = ["project"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(Prompt)
class PromptAdmin(admin.ModelAdmin[Prompt]):
    list_display = ["text", "topic", "status", "project", "created_at"]
    list_filter = ["status", "project"]
    list_select_related = ["project", "topic"]
    search_fields = ["text"]
    raw_id_fields = ["topic", "template", "tags"]


@admin.register(EnvProfile)
class EnvProfileAdmin(admin.ModelAdmin[EnvProfile]):
    """Values are set on the project's own page; here only their names are seen."""

    list_display = ["name", "key", "base_url", "source", "project"]
    list_filter = ["project"]
    list_select_related = ["project", "source"]
    readonly_fields = ["variable_names"]
    raw_id_fields = ["source"]


@admin.register(ApiSource)
class ApiSourceAdmin(admin.ModelAdmin[ApiSource]):
    list_display = ["label", "source_type", "api_base_url", "imported_at", "project"]
    list_filter = ["source_type", "project"]
    list_select_related = ["project"]
    search_fields = ["label"]
    raw_id_fields = ["default_env_profile"]
    readonly_fields = ["import_report", "imported_at"]


@admin.register(ApiOperation)
class ApiOperationAdmin(admin.ModelAdmin[ApiOperation]):
    list_display = ["method", "path", "source", "category", "is_active", "is_selected"]
    list_filter = ["is_active"]
    list_select_related = ["source"]
    search_fields = ["path", "operation_key"]
    raw_id_fields = ["source"]


@admin.register(CustomEval)
class CustomEvalAdmin(admin.ModelAdmin[CustomEval]):
    list_display = ["prompt", "category", "is_selected", "project", "created_at"]
    list_filter = ["project"]
    list_select_related = ["project", "category"]
    search_fields = ["prompt"]
    raw_id_fields = ["category", "competitor", "group"]


@admin.register(EvalDefinition)
class EvalDefinitionAdmin(admin.ModelAdmin[EvalDefinition]):
    list_display = ["eval_type", "operation", "custom_eval", "docs_mode", "enabled", "project"]
    list_filter = ["enabled", "project"]
    list_select_related = ["project", "operation", "custom_eval"]
    raw_id_fields = ["operation", "custom_eval"]
