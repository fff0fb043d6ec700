"""I5: what a request did, it did once, and every byte is somebody's."""

from shared.audit.checks import Check

EFFECTS = (
    # Whether a document that is gone was deleted by its owner cannot be told; what is there has to be as promised.
    # The ids are taken from text, because a cast of the whole answer fails at what jsonb refuses.
    Check(
        invariant="I5",
        name="kept-answer",
        claim="the job that a kept answer names is there as long as its document is, and is its owner's",
        subjects="keys (owner/key)",
        sql="""
            SELECT k.owner_id || '/' || k.key FROM (
                SELECT owner_id, key, substring(headers ->> 'Location' FROM '^/jobs/([0-9a-f-]{36})$')::uuid AS job_id,
                       substring(convert_from(body, 'LATIN1') FROM '"document_id" *: *"([0-9a-f-]{36})"')::uuid
                           AS document_id
                FROM idempotency_keys WHERE status BETWEEN 200 AND 299) k
            LEFT JOIN jobs j ON j.id = k.job_id LEFT JOIN documents d ON d.id = k.document_id
            WHERE k.job_id IS NOT NULL AND CASE WHEN j.id IS NULL THEN d.id IS NOT NULL
                ELSE j.owner_id <> k.owner_id OR j.document_id IS DISTINCT FROM k.document_id END""",
        meaning="A client was promised a job that is not there: accepted work was lost.",
        advice="Tell the owners to upload again with another Idempotency-Key. Report it: this is a defect.",
    ),
    Check(
        invariant="I5",
        name="answer-kept",
        claim="every Idempotency-Key that is taken has an answer of success",
        subjects="keys (owner/key)",
        sql="SELECT owner_id || '/' || key FROM idempotency_keys WHERE status NOT BETWEEN 200 AND 299",
        meaning="Requests with these keys get no usable answer for a day.",
        advice="Delete these rows of `idempotency_keys`; the clients' next try does the work. Report it.",
    ),
    Check(
        invariant="I5",
        name="same-upload",
        claim="no owner has two documents of the same bytes and options",
        subjects="documents",
        sql="""
            SELECT unnest(array_agg(id)) FROM documents GROUP BY owner_id, sha256, options HAVING count(*) > 1""",
        meaning="One upload was taken for two.",
        advice="Delete the one that is not wanted. Report it: this is a defect.",
    ),
    Check(
        invariant="I5",
        name="owner",
        claim="a document, its jobs and their parts have one owner",
        subjects="jobs",
        sql="""
            SELECT j.id FROM jobs j JOIN documents d ON d.id = j.document_id WHERE d.owner_id <> j.owner_id
            UNION SELECT j.id FROM parts p JOIN jobs j ON j.id = p.job_id WHERE p.owner_id <> j.owner_id""",
        meaning="Somebody may see what is another one's, or works on another one's turn.",
        advice="Find out who writes to these tables beside Sheaf, and take the rows back from a backup.",
    ),
    Check(
        invariant="I5",
        name="storage-used",
        claim="the storage that each user uses is the sum of their documents' sizes",
        subjects="users",
        sql="""
            SELECT u.id FROM users u LEFT JOIN (
                SELECT owner_id, sum(size) AS bytes FROM documents GROUP BY owner_id) d ON d.owner_id = u.id
            WHERE u.storage_used <> coalesce(d.bytes, 0)""",
        meaning="Quotas refuse too early or too late.",
        advice="Stop the writers, set `storage_used` to the sum, and see whether the trigger of I3 is enabled.",
    ),
    Check(
        invariant="I5",
        name="blob-owned-once",
        claim="no blob is both a document's and to be erased",
        subjects="documents",
        sql="""
            SELECT d.id FROM documents d JOIN unowned_blobs b ON b.key = d.blob_key
            UNION SELECT r.document_id FROM renditions r JOIN unowned_blobs b ON b.key = r.blob_key""",
        meaning="The files of these documents are about to be erased.",
        advice="Delete their keys from `unowned_blobs` now. Report it: this is a defect.",
    ),
    Check(
        invariant="I5",
        name="rendition",
        claim="whatever was made of a document has either a file or the reason why it has none",
        subjects="renditions (document/name)",
        sql="""
            SELECT document_id || '/' || name FROM renditions
            WHERE (blob_key IS NULL) <> (sha256 IS NULL) OR (blob_key IS NULL) <> (error_code IS NOT NULL)""",
        meaning="Whoever asks for these gets an error, and they are never made again.",
        advice="Delete these rows; they are made again when somebody asks. Report it: this is a defect.",
    ),
    Check(
        invariant="I5",
        name="erased",
        claim="bytes that are to be erased are erased within a day",
        subjects="blobs",
        sql="SELECT key FROM unowned_blobs WHERE erase_after < now() - make_interval(hours => :erasing_h)",
        meaning="Bytes that were promised to be gone are still there.",
        advice="See whether a dispatcher leads, and in its log whether the blob store refuses to delete.",
    ),
)
