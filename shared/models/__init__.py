"""The tables; importing this package registers all of them with the metadata that migrations are compared to."""

from sqlmodel import SQLModel

from shared.models.documents import Document, Page
from shared.models.jobs import Attempt, Job, JobState, Part, PartState, Worker
from shared.models.users import RefreshToken, Role, User, UserSession

metadata = SQLModel.metadata

__all__ = [
    "Attempt",
    "Document",
    "Job",
    "JobState",
    "Page",
    "Part",
    "PartState",
    "RefreshToken",
    "Role",
    "User",
    "UserSession",
    "Worker",
    "metadata",
]
