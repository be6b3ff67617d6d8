"""The API's views: the same scope, rules and audit as the pages, filters from allow-lists."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as WrongValues
from django.db import IntegrityError, models, transaction
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.audit.models import claim
from portal.kit import saving
from portal.kit.fields import ChoicesField
from portal.kit.forms import text_errors
from portal.kit.models import StaleVersionError
from portal.kit.permissions import ACTIONS
from portal.kit.views import permitted_or_404, submission_key

LARGEST_VERSION = 2**31 - 1


class ReadOnlyViewSet(viewsets.ReadOnlyModelViewSet):
    """List and detail of the rows that the user may view."""

    access = "scoped API"

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.permitted(self.request.user)


class ConflictError(APIException):
    """409: the row is not any more what the sender began with; `current` is what is stored."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, words: str, current: Any = None):
        super().__init__(words)
        answer: Any = {"detail": words} if current is None else {"detail": words, "current": current}
        self.detail = answer


class SeveralField(serializers.MultipleChoiceField):
    """Several of a closed list, as a list in the order of the choices."""

    def to_internal_value(self, data: Any) -> Any:
        chosen = super().to_internal_value(data)
        return [key for key in self.choices if key in chosen]

    def to_representation(self, value: Any) -> Any:
        return list(value)


class LineSerializer(serializers.ModelSerializer):
    """A line inside a row: said whole even where the row itself is changed in part."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        asked = {name for name, field in self.fields.items() if field.required and not field.read_only}
        if missing := asked - set(attrs):
            raise ValidationError({name: [self.fields[name].error_messages["required"]] for name in sorted(missing)})
        return attrs


class CheckedSerializer(serializers.ModelSerializer):
    """A serializer that asks the model everything a form asks it: fields, `clean()`, constraints.

    A related row outside the user's areas is refused as if it did not exist. `candidate` is the row as it would be
    saved; a subclass fills in `complete()` what the sender does not say. numbers_belong: as in a form.
    """

    numbers_belong: ClassVar[frozenset[str]] = frozenset()
    candidate: Any = None

    def complete(self, obj: Any) -> None:
        """Set what the sender may not say, such as `obj.by`; runs before the checks."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        request = self.context.get("request")
        for field in fields.values():
            related = getattr(field, "child_relation", field)
            queryset = getattr(related, "queryset", None)
            if request is not None and hasattr(queryset, "permitted"):
                related.queryset = queryset.permitted(request.user)
        return fields

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        if isinstance(model_field, ChoicesField):
            return SeveralField, {"choices": model_field.flatchoices, "required": False}
        return super().build_standard_field(field_name, model_field)

    def get_unique_together_validators(self) -> list:
        """`full_clean` asks them, in the model's own words."""
        return []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        obj = self.instance if self.instance is not None else self.Meta.model()
        for name, value in attrs.items():
            setattr(obj, name, value)
        self.complete(obj)
        wrong = _wrong_texts(attrs, self.numbers_belong)
        try:
            obj.full_clean(exclude=_left_to_others(obj, set(self.fields)))
        except WrongValues as error:
            wrong = {**by_field(error), **wrong}
        if wrong:
            raise ValidationError(wrong)
        self.candidate = obj
        return attrs


class ScopedViewSet(ReadOnlyViewSet):
    """List, detail, create and change (POST, PATCH); the serializer is a CheckedSerializer with `version` among its fields.

    PATCH carries the `version` that it was made from: 400 without one, 409 with the stored row on a stale one.
    POST with the header `Idempotency-Key` acts once: a repeat answers with the row that the first one made.
    """

    queryset: Any

    def get_object(self) -> Any:
        action = ACTIONS[self.request.method]
        return permitted_or_404(self.queryset.all(), self.request.user, action, pk=self.kwargs["pk"])

    def write(self, obj: Any, expected: int | None) -> Any:
        """Save `obj`; a register with a service of its own overrides this."""
        return saving.save(obj, by=self.request.user, expected=expected)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")[:64]
        with transaction.atomic():
            submission, first = claim(request.user, submission_key(request, key)) if key else (None, True)
            if not first and submission:
                made = permitted_or_404(self.queryset.all(), request.user, pk=submission.answer["pk"])
                return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)
            serializer: Any = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            made = self._written(serializer.candidate, None)
            if submission:
                submission.answer = {"pk": made.pk}
                submission.save(update_fields=["answer"])
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        obj = self.get_object()
        expected = _version(request.data)
        if expected != obj.version:
            raise self._stale(obj)
        serializer: Any = self.get_serializer(obj, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(self._written(serializer.candidate, expected)).data)

    def _written(self, obj: Any, expected: int | None) -> Any:
        try:
            with transaction.atomic():
                return self.write(obj, expected)
        except StaleVersionError as error:
            raise self._stale(error.stored) from error
        except WrongValues as error:
            raise ValidationError(by_field(error)) from error
        except IntegrityError as error:
            raise ConflictError("同时有人保存了相同的记录，请重新读取后再试。") from error

    def _stale(self, stored: Any) -> ConflictError:
        return ConflictError("这条记录已被别人修改，请按返回的最新内容重新提交。", self.get_serializer(stored).data)


def by_field(error: WrongValues) -> dict[str, list[str]]:
    """Field name → messages; what belongs to no field under `non_field_errors`."""
    if not hasattr(error, "error_dict"):
        return {"non_field_errors": error.messages}
    return {"non_field_errors" if name == "__all__" else name: words for name, words in error.message_dict.items()}


def refuse_bad_texts(attrs: Mapping[str, Any]) -> None:
    """For what a serializer takes out of `attrs` before it asks the model."""
    if wrong := _wrong_texts(attrs):
        raise ValidationError(wrong)


def _wrong_texts(attrs: Mapping[str, Any], numbers_belong: Collection[str] = ()) -> dict[str, list[str]]:
    return {name: error.messages for name, error in text_errors(attrs, numbers_belong)}


def _left_to_others(obj: models.Model, said: set[str]) -> Iterable[str]:
    """The empty fields that the sender cannot fill; what checks them is the code that fills them."""
    fields = obj._meta.concrete_fields
    return {field.name for field in fields if field.name not in said and getattr(obj, field.attname) in (None, "")}


def _version(data: Any) -> int:
    given = data.get("version") if isinstance(data, Mapping) else None
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= LARGEST_VERSION:
        raise ValidationError({"version": ["请提供读取这条记录时得到的版本号（整数）。"]})
    return given
