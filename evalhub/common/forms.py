"""How fields of forms are drawn, the same on every page: label, field, help, and what is wrong with it (settings name `Renderer`)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Django's own forms with our field group, from the project's templates."""

    field_template_name = "forms/field.html"


class Refusable:
    """A form that can show what a service refused."""

    fields: dict[str, forms.Field]
    add_error: Any

    def refuse(self, error: ValidationError) -> None:
        """Each message beside its field, or above the form where no field is named."""
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for key, messages in told.items():
            for message in messages:
                self.add_error(key if key in self.fields else None, message)
