"""What is asked and how it is judged. Import models from here; which file holds one is nobody else's business.

A template without a project is a *system* row: everybody reads it, nobody edits it.
"""

from templates_app.models.customs import CustomEval, CustomEvalCategory, EvalDefinition
from templates_app.models.prompts import Brand, Prompt, PromptTag, PromptTopic
from templates_app.models.rubrics import EvalCategory, EvalTemplate, EvalTemplateVersion, Persona, VisibleQuerySet
from templates_app.models.sources import ApiOperation, ApiSource, EnvProfile, SourceType

__all__ = [
    "ApiOperation",
    "ApiSource",
    "Brand",
    "CustomEval",
    "CustomEvalCategory",
    "EnvProfile",
    "EvalCategory",
    "EvalDefinition",
    "EvalTemplate",
    "EvalTemplateVersion",
    "Persona",
    "Prompt",
    "PromptTag",
    "PromptTopic",
    "SourceType",
    "VisibleQuerySet",
]
