"""The blob store as workers use it: in front of a bucket lies a cache of the originals that were fetched."""

from shared.blob_cache import BlobCache
from shared.settings import Settings
from shared.storage import BlobStore


def open_blobs(settings: Settings) -> BlobStore:
    if settings.storage.startswith("file:") or not settings.blob_cache_mb:
        return BlobStore(settings.storage)
    cache = BlobCache(settings.sheaf_data.resolve() / "cache", max_bytes=settings.blob_cache_mb * 2**20)
    return BlobStore(settings.storage, cache=cache)
