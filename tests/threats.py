"""Which tests stand for which threat; `python -m tests.threats` makes the table of docs/security.md."""

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- threats -->\n", "<!-- end of threats -->\n"
API, LIVE, UNIT = "integration/api", "integration/api/live", "unit"
SANDBOX = f"{UNIT}/worker/extraction"
# A test is named by its file below tests/, and its name.
THREATS: Mapping[str, tuple[str, ...]] = {
    "Reading or changing what is another's": (
        f"{API}/test_ownership.py::test_a_stranger_gets_404",
        f"{API}/test_ownership.py::test_lists_have_nothing_of_others",
        f"{API}/test_search.py::test_nobody_finds_what_is_anothers",
        f"{LIVE}/test_messages.py::test_strangers_see_nothing",
        f"{LIVE}/test_socket.py::test_the_path_must_name_who_is_signed_in",
    ),
    "Coming in without signing in": (
        f"{API}/test_hardening.py::test_nobody_gets_in_without_a_token",
        f"{API}/test_ownership.py::test_nobody_gets_401",
        f"{LIVE}/test_socket.py::test_who_does_not_say_who_it_is_is_sent_away",
    ),
    "A token that is forged, incomplete, outdated or of another algorithm": (
        f"{API}/test_accounts.py::test_a_forged_token_is_refused",
        f"{API}/test_accounts.py::test_a_token_without_a_required_claim_is_refused",
    ),
    "A stolen refresh token": (
        f"{API}/test_accounts.py::test_a_refresh_token_works_once_and_its_reuse_ends_the_session",
        f"{API}/test_sessions.py::test_after_ten_seconds_a_spent_token_is_a_stolen_one",
        f"{API}/test_sessions.py::test_a_lost_answer_is_not_given_twice_once_it_was_used",
    ),
    "A session, a key or an account that goes on after its end": (
        f"{API}/test_sessions.py::test_logging_out_ends_both_tokens_in_every_process",
        f"{API}/test_accounts.py::test_a_switched_off_account_cannot_sign_in_or_go_on",
        f"{API}/test_api_keys.py::test_a_deleted_key_stops_at_once",
        f"{API}/test_api_keys.py::test_an_expired_key_stops",
        f"{API}/test_recovery.py::test_changing_the_password_ends_the_other_sessions",
        f"{LIVE}/test_socket.py::test_the_end_of_a_session_ends_its_connections",
        f"{LIVE}/test_socket.py::test_an_account_that_is_switched_off_is_cut_off",
    ),
    "A key that does more than it was made for": (
        f"{API}/test_api_keys.py::test_no_key_can_take_the_account_over",
        f"{API}/test_api_keys.py::test_a_reading_key_changes_nothing",
        f"{API}/test_api_keys.py::test_every_route_says_what_a_key_needs_for_it",
    ),
    "A mailed token that is used twice, late, or for something else": (
        f"{API}/test_recovery.py::test_a_token_works_once_and_makes_earlier_ones_worthless",
        f"{API}/test_recovery.py::test_a_token_is_good_for_an_hour",
        f"{API}/test_recovery.py::test_a_token_is_good_for_its_purpose_only",
    ),
    "Secrets that are read from the database": (
        f"{API}/test_sessions.py::test_no_token_is_stored_as_it_is",
        f"{API}/test_api_keys.py::test_a_key_is_shown_once_and_kept_as_a_digest",
        f"{API}/test_recovery.py::test_no_mailed_token_is_stored_as_it_is",
        f"{API}/test_documents.py::test_a_password_is_sealed_at_rest_and_shown_nowhere",
    ),
    "Guessing passwords": (
        f"{API}/test_rates.py::test_guessing_a_password_is_stopped_whatever_comes_next",
        f"{API}/test_rates.py::test_the_wait_grows",
        f"{API}/test_rates.py::test_a_guesser_elsewhere_does_not_lock_the_owner_out",
        f"{API}/test_rates.py::test_the_old_password_cannot_be_guessed_either",
    ),
    "Finding out who has an account": (
        f"{API}/test_accounts.py::test_wrong_password_and_unknown_account_get_the_same_answer",
        f"{API}/test_recovery.py::test_forgetting_says_the_same_in_the_same_time_for_nobody",
        f"{API}/test_rates.py::test_guessers_are_told_the_same_for_nobody",
    ),
    "A crowd that signs in to stop the others": (
        f"{API}/test_hardening.py::test_a_crowd_at_the_door_takes_few_threads",
    ),
    "Another page that acts for its visitor": (
        f"{API}/test_sessions.py::test_a_foreign_page_cannot_act_by_the_cookie",
        f"{API}/test_sessions.py::test_a_foreign_page_cannot_sign_its_visitors_in",
        f"{LIVE}/test_socket.py::test_a_cookie_from_a_foreign_page_is_refused",
    ),
    "Another page that reads answers": (f"{API}/test_hardening.py::test_no_foreign_origin_reads_any_answer",),
    "Scripts in what users wrote, and framing": (
        f"{API}/test_hardening.py::test_every_answer_has_the_headers_that_protect",
        f"{API}/test_hardening.py::test_data_may_load_nothing",
        f"{API}/test_hardening.py::test_documents_keep_rules_of_their_own",
        f"{UNIT}/worker/rendering/test_information.py::test_only_links_that_are_safe_to_follow_are_shown",
    ),
    "Setting a role, an owner or a quota that is not offered": (
        f"{API}/test_hardening.py::test_nobody_assigns_what_is_not_offered",
    ),
    "An address that pretends to be another's": (
        f"{API}/test_rates.py::test_a_trusted_proxy_says_who_called",
        f"{API}/test_rates.py::test_nobody_else_says_who_called",
    ),
    "Bodies that are huge, broken or lie about their type": (
        f"{API}/test_errors.py::test_a_body_that_is_absurdly_large_is_refused",
        f"{API}/test_documents.py::test_a_refused_upload_leaves_nothing",
        f"{API}/test_documents.py::test_a_broken_form_is_refused",
        f"{API}/test_documents.py::test_without_a_token_not_a_byte_of_the_body_is_read",
    ),
    "More than one's share of storage, jobs and requests": (
        f"{API}/test_admission.py::test_of_parallel_uploads_at_the_edge_of_the_quota_exactly_one_wins",
        f"{API}/test_admission.py::test_an_owner_with_too_many_open_jobs_is_told_when_to_come_back",
        f"{API}/test_rates.py::test_one_account_can_ask_only_so_often",
        f"{API}/test_emails.py::test_an_hour_has_so_many_mails",
    ),
    "File names that leave their folder, or hide what they are": (
        f"{UNIT}/api/test_filenames.py::test_a_name_is_cleaned",
        f"{UNIT}/shared/test_storage.py::test_keys_are_made_of_the_id_alone",
    ),
    "Formulas in tables that a spreadsheet would calculate": (
        f"{API}/test_tables.py::test_no_cell_of_a_csv_is_a_formula",
        f"{API}/test_tables.py::test_no_cell_of_a_workbook_is_a_formula",
    ),
    "A PDF that eats memory, time or pages": (
        f"{SANDBOX}/test_hostile_pdfs.py::test_a_hostile_pdf_ends_in_its_state",
        f"{SANDBOX}/test_failures.py::test_one_bad_page_costs_one_page",
        f"{UNIT}/worker/rendering/test_drawing.py::test_hostile_pages_end_within_their_limits",
    ),
    "A PDF that takes the reading process over": (
        f"{SANDBOX}/test_confinement.py::test_the_environment_is_empty",
        f"{SANDBOX}/test_confinement.py::test_nothing_answers_on_the_network",
        f"{SANDBOX}/test_confinement.py::test_a_file_cannot_be_written",
        f"{SANDBOX}/test_confinement.py::test_files_of_the_machine_and_of_the_checkout_are_out_of_reach",
        f"{SANDBOX}/test_confinement.py::test_the_server_cannot_be_signalled",
        f"{SANDBOX}/test_confinement.py::test_the_child_loads_no_database_and_no_settings",
        f"{UNIT}/worker/rendering/test_drawing.py::test_what_a_hostile_child_says_is_not_believed",
    ),
    "A message on the broker that executes code": (f"{UNIT}/shared/test_broker.py::test_a_pickled_message_is_refused",),
    "Headers or recipients that a mail was not meant to have": (
        f"{UNIT}/worker/emails/test_composing.py::test_nobody_adds_a_header",
        f"{API}/test_recovery.py::test_no_name_reaches_the_headers_of_a_mail",
        f"{API}/test_emails.py::test_users_do_not_write_to_strangers",
        f"{API}/test_emails.py::test_what_no_mail_should_say_is_refused",
    ),
    "A mail server that is not the one it says, or wants the password in clear": (
        "integration/worker/test_mailer.py::test_a_certificate_that_nobody_vouches_for_is_not_trusted",
        "integration/worker/test_mailer.py::test_no_password_is_sent_where_starttls_is_missing",
    ),
    "Live connections that flood, or do not read": (
        f"{LIVE}/test_socket.py::test_a_flood_is_cut_off",
        f"{LIVE}/test_socket.py::test_a_frame_over_64_kb_is_cut_off",
        f"{LIVE}/test_socket.py::test_the_eleventh_connection_is_refused",
        f"{LIVE}/test_socket.py::test_who_stops_reading_is_cut_off_and_nobody_else",
    ),
    "Errors that tell of the inside": (
        f"{API}/test_errors.py::test_a_defect_tells_no_secrets",
        f"{SANDBOX}/test_failures.py::test_what_a_library_says_is_told_without_paths_and_control_characters",
    ),
    "Secrets in logs, and lines that nobody logged": (
        "integration/test_logs.py::test_no_secret_reaches_a_log",
        "integration/test_logs.py::test_nobody_writes_a_line_of_the_log",
        f"{UNIT}/shared/test_settings.py::test_a_secret_is_not_shown",
    ),
    "A weak or well-known signing key": (f"{UNIT}/shared/test_settings.py::test_an_unusable_value_is_refused",),
    "Packages that changed on their way": (
        "architecture/test_lock_files.py::test_every_requirement_is_pinned_with_hashes",
    ),
}


class Outcomes:
    """Collects, as a plugin of pytest, the tests of which each case passed, and those of which one did not."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0].removeprefix("tests/")
        if report.failed:
            self.failed.add(test)
        elif report.when == "call" and report.passed:
            self.passed.add(test)

    def of(self, test: str) -> str:
        return "FAILS" if test in self.failed else "holds" if test in self.passed else "not run"


def table(outcomes: Outcomes) -> str:
    lines = ["| threat | test | result |", "|---|---|---|"]
    for threat, tests in THREATS.items():
        for number, test in enumerate(tests):
            lines.append(f"| {'' if number else threat} | {cell(test)} | {outcomes.of(test)} |")
    return "\n".join(lines) + "\n"


def cell(test: str) -> str:
    """Return a test as the page names it: the words of its name, which lead to its file."""
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{file})"


def written() -> list[tuple[str, str]]:
    """Return the tests and results that the page has."""
    lines = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].splitlines()[2:]
    return [(columns[2].strip(), columns[3].strip()) for columns in (line.split("|") for line in lines)]


def is_defined(test: str) -> bool:
    """Say whether a file has a test of this name."""
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def main() -> int:
    outcomes = Outcomes()
    tests = [f"tests/{test}" for threat in THREATS.values() for test in threat]
    code = pytest.main(["-q", "-n", "0", "-p", "no:randomly", *sys.argv[1:], *tests], plugins=[outcomes])
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{begin}{table(outcomes)}{END}{rest.partition(END)[2]}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
