"""A bucket for tests: moto's server as a process of its own, which checks signatures and policies as AWS does."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import boto3

BUCKET = "sheaf-tests"
REGION = "eu-central-1"
SET_UP_REQUESTS = 4  # So many may come unsigned: the user, its policy, its key, the bucket.
START_TIMEOUT_S = 30
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}
    ],
}


@dataclass(frozen=True)
class Bucket:
    """Where it is, and the variables that let a process use it."""

    url: str
    environment: Mapping[str, str]


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """Start the server, make a user by IAM and a bucket that this user may use."""
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(SET_UP_REQUESTS)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, **_user(endpoint)}
        yield Bucket(f"s3://{BUCKET}/some/where", environment)
    finally:
        server.terminate()
        server.wait()


def _user(endpoint: str) -> dict[str, str]:
    """Make a user and the bucket, and return the user's key as variables."""
    anybody = {"endpoint_url": endpoint, "region_name": REGION, "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    iam = boto3.client("iam", **anybody)
    iam.create_user(UserName="sheaf")
    iam.put_user_policy(UserName="sheaf", PolicyName="its bucket", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName="sheaf")["AccessKey"]
    place = {"LocationConstraint": REGION}
    boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return
