"""Routes of passwords and addresses: change, forgot, reset, verify."""

import asyncio

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from api.accounts import addresses, passwords
from api.accounts.schemas import Accepted, ChangePassword, ForgotPassword, ResetPassword, VerifyEmail
from api.accounts.service import InvalidCredentials
from api.accounts.tokens import TokenNotValid
from api.caller import CalledBy
from api.errors import responses
from api.identity import CurrentUser, DetachedIdentity
from api.rates import RateLimited
from api.resources import Shared, Work, in_hashing_thread

FORGOT_TAKES_S = 0.25  # Longer than finding an account and queueing its mail, which the answer's time must not tell.
router = APIRouter(tags=["accounts"])


@router.post(
    "/password/change",
    operation_id="changePassword",
    summary="Set another password; your other sessions end",
    status_code=204,
    response_class=Response,
    responses=responses(InvalidCredentials, RateLimited),
)
async def change_password(given: ChangePassword, identity: DetachedIdentity, resources: Shared) -> Response:
    await in_hashing_thread(resources, lambda: passwords.change(resources, identity, old=given.old, new=given.new))
    return Response(status_code=204)


@router.post(
    "/password/forgot",
    operation_id="forgotPassword",
    summary="Have a link to a new password mailed",
    status_code=202,
    responses=responses(RateLimited),
)
async def forgot_password(given: ForgotPassword, resources: Shared, caller: CalledBy) -> Accepted:
    at_least = asyncio.create_task(asyncio.sleep(FORGOT_TAKES_S))
    await run_in_threadpool(passwords.forget, resources, given.email, caller)
    await at_least
    return Accepted(detail="If there is an account with this address, a mail is on its way.")


@router.post(
    "/password/reset",
    operation_id="resetPassword",
    summary="Set a new password with a mailed token, and sign out everywhere",
    status_code=204,
    response_class=Response,
    responses=responses(TokenNotValid),
)
async def reset_password(given: ResetPassword, resources: Shared) -> Response:
    await in_hashing_thread(resources, lambda: passwords.reset(resources, given.token, password=given.password))
    return Response(status_code=204)


@router.post(
    "/email/verify",
    operation_id="verifyEmail",
    summary="Confirm an address with a mailed token",
    status_code=204,
    response_class=Response,
    responses=responses(TokenNotValid),
)
def verify_email(given: VerifyEmail, work: Work) -> Response:
    addresses.verify(work, given.token)
    return Response(status_code=204)


@router.post(
    "/email/verify/resend",
    operation_id="resendVerification",
    summary="Have the token that confirms your address mailed again",
    status_code=202,
    responses=responses(addresses.AlreadyVerified, RateLimited),
)
def resend_verification(user: CurrentUser, work: Work, resources: Shared) -> Accepted:
    addresses.ask_again(work, resources, user)
    return Accepted(detail="A mail is on its way.")
