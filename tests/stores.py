"""The Postgres and the broker of a test run: those that are given, else throw-away ones from the wheels."""

import os
import secrets
from contextlib import ExitStack

from bench.throwaway import UNSAFE_BUT_FAST, free_port, running_store, throwaway_folder
from cli.up.postgres import prepare_postgres
from cli.up.valkey import prepare_valkey

FOR_MANY = (*UNSAFE_BUT_FAST, "-c", "max_connections=300")


def start_stores(stack: ExitStack) -> None:
    """Start what TEST_DATABASE_URL and TEST_BROKER_URL do not give, and set both for this process and its workers."""
    folder = stack.enter_context(throwaway_folder("sheaf-tests-"))
    if "TEST_DATABASE_URL" not in os.environ:
        cluster = prepare_postgres(folder / "postgres", port=free_port())
        stack.enter_context(running_store(cluster.command(extra=FOR_MANY), cluster.is_ready))
        os.environ["TEST_DATABASE_URL"] = cluster.url
    if "TEST_BROKER_URL" not in os.environ:
        valkey = prepare_valkey(folder / "valkey", port=free_port(), password=secrets.token_urlsafe(16))
        stack.enter_context(running_store(valkey.command(extra=("appendonly no", "databases 256")), valkey.is_ready))
        os.environ["TEST_BROKER_URL"] = valkey.url
