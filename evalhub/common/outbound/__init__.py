"""Requests to addresses that members typed: agent endpoints and API sources. Plain Python. `docs/decisions` says what the rule is.

All apps may use it. What the owner's settings allow is `evalhub.common.outbound_policy`.
"""

from evalhub.common.outbound.body import Body, BodyUnreadable, read_bounded
from evalhub.common.outbound.connection import DNS_CACHE_S, LiteralGuard, SystemResolver, VettingResolver, guarded_session
from evalhub.common.outbound.fetch import MAX_DOCUMENT_BYTES, Fetched, FetchFailed, FetchProblem, fetch, fetch_blocking
from evalhub.common.outbound.policy import METADATA_ADDRESSES, AddressPolicy, AddressRefused, written_address

__all__ = [
    "DNS_CACHE_S",
    "MAX_DOCUMENT_BYTES",
    "METADATA_ADDRESSES",
    "AddressPolicy",
    "AddressRefused",
    "Body",
    "BodyUnreadable",
    "FetchFailed",
    "FetchProblem",
    "Fetched",
    "LiteralGuard",
    "SystemResolver",
    "VettingResolver",
    "fetch",
    "fetch_blocking",
    "guarded_session",
    "read_bounded",
    "written_address",
]
