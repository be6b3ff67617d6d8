"""The API's closed door. Apart from api.py, because DRF imports it while its own views are being imported."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.kit.scope import permission_for

ACTIONS: dict[str | None, str] = {
    "GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "PUT": "change", "PATCH": "change",
    "DELETE": "delete",
}  # fmt: skip


class ScopedPermission(BasePermission):
    """Asks the model's permission for every method, GET included; a view without a model is closed."""

    message = "您的账号没有办理这项业务的权限。"

    def has_permission(self, request: Request, view: Any) -> bool:
        model = getattr(getattr(view, "queryset", None), "model", None)
        if not request.user or not request.user.is_authenticated or model is None:
            return False
        return request.user.has_perm(permission_for(model, ACTIONS[request.method]))
