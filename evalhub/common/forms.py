"""How fields of forms are drawn, the same on every page: label, field, help, and what is wrong with it (settings name `Renderer`)."""

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Django's own forms with our field group, from the project's templates."""

    field_template_name = "forms/field.html"
