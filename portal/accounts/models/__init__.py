from portal.accounts.models.accounts import (
    ApiToken,
    AuditTrail,
    Grant,
    LoginAttempt,
    OneTimeCode,
    PasswordRecord,
    SavedFilter,
    User,
    fold,
)
from portal.accounts.models.factors import Factor, RecoveryCode

__all__ = [
    "ApiToken", "AuditTrail", "Factor", "Grant", "LoginAttempt", "OneTimeCode", "PasswordRecord", "RecoveryCode", "SavedFilter", "User",
    "fold",
]  # fmt: skip
