"""Model fields and an expression that Django does not ship."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models


class ChoicesField(models.CharField):
    """Several of a closed list of choices, kept as ",a,b,": readable in SQL, found with icontains=",a,"."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"max_length": 300, "blank": True, "default": list, **kwargs})

    def contribute_to_class(self, cls: Any, name: str, *args: Any, **kwargs: Any) -> None:
        """`get_<name>_display` says the labels; Django's own knows one value only."""
        super().contribute_to_class(cls, name, *args, **kwargs)
        setattr(cls, f"get_{name}_display", lambda obj: self.labels(getattr(obj, name)))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> list[str]:
        return self.to_python(value)

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, str):
            return [part for part in value.split(",") if part]
        return list(value or [])

    def get_prep_value(self, value: Any) -> str:
        chosen = self.to_python(value)
        return f",{','.join(chosen)}," if chosen else ""

    def value_to_string(self, obj: Any) -> str:
        return self.get_prep_value(self.value_from_object(obj))

    def validate(self, value: Any, model_instance: Any) -> None:
        for part in value:
            super().validate(part, model_instance)

    def run_validators(self, value: Any) -> None:
        """The length of the stored text is what counts."""
        super().run_validators(self.get_prep_value(value))

    def labels(self, value: list[str]) -> str:
        """The chosen ones as a person reads them: 乡贤、民营经济."""
        names = dict(self.flatchoices)
        return "、".join(str(names.get(part, part)) for part in value)

    def formfield(self, **kwargs: Any) -> forms.Field:  # type: ignore[override]
        return forms.MultipleChoiceField(
            choices=self.flatchoices, required=False, label=self.verbose_name, help_text=self.help_text,
            widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip


class AnyOf(models.Func):
    """`column = ANY(keys)`: many keys as one parameter (PostgreSQL alone; __in writes and adapts each of them)."""

    output_field = models.BooleanField()
    arity = 1

    def __init__(self, path: str, keys: Sequence[int]):
        super().__init__(models.F(path))
        self.keys = list(keys)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{sql} = ANY(%s)", [*params, self.keys]
