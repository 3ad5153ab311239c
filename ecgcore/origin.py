"""What every output says of itself: which software, from which input, for what use."""

import hashlib
from pathlib import Path

from ecgcore import __version__

SOFTWARE = f"ecgcore {__version__}"
NOTICE = "research and teaching use, not a medical device"
KEYS = ("software", "digest", "notice")


def origin(digest: str | None) -> dict[str, str | None]:
    """Return the entries that every JSON object, archive and table carries.

    Parameters
    ----------
    digest : str or None
        SHA-256 of the input; None where there was none.
    """
    return dict(zip(KEYS, (SOFTWARE, digest or None, NOTICE), strict=True))


def digest_of_file(path: Path, *, max_bytes: int | None = None) -> str | None:
    """Return the SHA-256 of a file's content, or None where there is no file to be read.

    Parameters
    ----------
    path : pathlib.Path
    max_bytes : int, optional
        None is returned for a larger file, too.
    """
    try:
        if not path.is_file() or (max_bytes is not None and path.stat().st_size > max_bytes):
            return None
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):  # no access, a name too long, or with a null character
        return None
