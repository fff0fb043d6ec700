"""The bare counterpart: `python -m bench.api.bare FOLDER PORT` answers the same three requests and nothing else.

It asks the same table by the same library, writes uploads to a file by Starlette's own form, and checks passwords with
the same hasher; it knows no users, errors, headers, limits or promises. DATABASE_URL names its database.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, UploadFile
from pydantic import BaseModel
from sqlmodel import Session, select

from shared.database import Database
from shared.models import Job, User
from shared.passwords import get_hasher


class Login(BaseModel):
    """Who signs in."""

    email: str
    password: str


def bare_app(database: Database, folder: Path) -> FastAPI:
    app = FastAPI()
    hasher = get_hasher(int(os.environ["BCRYPT_ROUNDS"]))

    def get_session() -> Session:
        return Session(database.engine)

    Connected = Annotated[Session, Depends(get_session)]  # noqa: N806 — a type.

    @app.get("/jobs/{job_id}")
    def get_job(job_id: UUID, session: Connected) -> Job:
        with session:
            job = session.exec(select(Job).where(Job.id == job_id)).first()
        if job is None:
            raise HTTPException(404)
        return job

    @app.post("/documents", status_code=202)
    def upload(file: UploadFile) -> dict[str, int]:
        with (folder / uuid4().hex).open("wb") as target:
            shutil.copyfileobj(file.file, target, 2**20)
            return {"size": target.tell()}

    @app.post("/login")
    def login(given: Login, session: Connected) -> dict[str, bool]:
        with session:
            user = session.exec(select(User).where(User.email == given.email)).one()
        return {"ok": hasher.verify(given.password, user.password_hash)}

    return app


if __name__ == "__main__":
    uvicorn.run(
        bare_app(Database(os.environ["DATABASE_URL"]), Path(sys.argv[1])),
        port=int(sys.argv[2]),
        log_level="warning",
        access_log=False,
    )
