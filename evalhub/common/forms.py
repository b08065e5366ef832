"""How fields of forms are drawn, the same on every page: label, field, help, and what is wrong with it (settings name `Renderer`)."""

from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def refusals(self, **conflicts: type[Exception]) -> Iterator[None]:
        """Around the call of a service: what it refuses stands in the form. `conflicts` are errors by the field that they speak of."""
        try:
            yield
        except ValidationError as error:
            self.refuse(error)
        except tuple(conflicts.values()) as conflict:
            name = next(name for name, kind in conflicts.items() if isinstance(conflict, kind))
            self.add_error(name, str(conflict))
