"""Log-in by user name, and the object check that asks `permitted()`."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from portal.accounts.models import User, fold


class GrantBackend(BaseBackend):
    """Rights come from grants alone; there is no superuser."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **kwargs: Any
    ) -> User | None:
        user = User.objects.filter(username=fold(username)).first()
        if user is None:
            User().set_password(password)  # the same work for a name that does not exist
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if not user_obj.is_active or user_obj.is_anonymous:
            return False
        if obj is None:
            return perm in user_obj.held_permissions
        action = perm.partition(".")[2].removesuffix(f"_{obj._meta.model_name}")
        return type(obj)._default_manager.all().permitted(user_obj, action).filter(pk=obj.pk).exists()
