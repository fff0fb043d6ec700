"""The tables; importing this package registers all of them with the metadata that migrations are compared to."""

from sqlmodel import SQLModel

from shared.models.admin_actions import AdminAction, Deed
from shared.models.documents import Document, EngineCheck, Page, UnownedBlob
from shared.models.emails import Email, EmailStage, MailPause, SuppressedAddress
from shared.models.idempotency import IdempotencyKey
from shared.models.jobs import Attempt, Job, Part, Turn, Worker
from shared.models.live import Conversation, Event, EventCounter, Message, Presence, Share
from shared.models.renditions import Rendition
from shared.models.states import JobKind, JobState, PartState, Pool
from shared.models.tallies import Tallied, Tally
from shared.models.users import AccountToken, ApiKey, Purpose, RefreshToken, Role, Scope, User, UserSession

metadata = SQLModel.metadata

__all__ = [
    "AccountToken",
    "AdminAction",
    "ApiKey",
    "Attempt",
    "Conversation",
    "Deed",
    "Document",
    "Email",
    "EmailStage",
    "EngineCheck",
    "Event",
    "EventCounter",
    "IdempotencyKey",
    "Job",
    "JobKind",
    "JobState",
    "MailPause",
    "Message",
    "Page",
    "Part",
    "PartState",
    "Pool",
    "Presence",
    "Purpose",
    "RefreshToken",
    "Rendition",
    "Role",
    "Scope",
    "Share",
    "SuppressedAddress",
    "Tallied",
    "Tally",
    "Turn",
    "UnownedBlob",
    "User",
    "UserSession",
    "Worker",
    "metadata",
]
