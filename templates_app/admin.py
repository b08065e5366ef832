"""Admin pages of templates with their categories, and of personas."""

from django.contrib import admin
from django.http import HttpRequest

from templates_app.models import EvalCategory, EvalTemplate, Persona


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
