"""The tables; importing this package registers all of them with the metadata that migrations are compared to."""

from sqlmodel import SQLModel

from shared.models.documents import Document, Page, UnownedBlob
from shared.models.idempotency import IdempotencyKey
from shared.models.jobs import Attempt, Job, Part, Turn, Worker
from shared.models.states import JobState, PartState
from shared.models.users import RefreshToken, Role, User, UserSession

metadata = SQLModel.metadata

__all__ = [
    "Attempt",
    "Document",
    "IdempotencyKey",
    "Job",
    "JobState",
    "Page",
    "Part",
    "PartState",
    "RefreshToken",
    "Role",
    "Turn",
    "UnownedBlob",
    "User",
    "UserSession",
    "Worker",
    "metadata",
]
