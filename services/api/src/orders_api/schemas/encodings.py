"""What a client says of encodings that it takes."""

import re
from typing import Final

_NO_GZIP: Final = re.compile(r"q=0(\.0*)?")


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return not _NO_GZIP.fullmatch(weight.strip())
    return False
