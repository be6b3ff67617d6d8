"""Tokens for the API: the owner's rights, ended by expiry, revocation, disabling or an expired password."""

import hashlib

from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.accounts.passwords import has_expired
from portal.audit.models import Origin
from portal.kit.middleware import client_address


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Token …`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "token":
            return None
        digest = hashlib.sha256(value.strip().encode()).hexdigest()
        token = ApiToken.objects.filter(digest=digest, user__is_active=True).select_related("user").first()
        if token is None or not token.is_valid:
            raise AuthenticationFailed("令牌无效或已过期。")
        if has_expired(token.user):
            raise AuthenticationFailed("密码已过期，请先登录网页修改密码。")
        token.user.origin = Origin(getattr(request, "request_id", ""), client_address(request))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"
