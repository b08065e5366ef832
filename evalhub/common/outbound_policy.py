"""What this installation's settings allow requests to reach whose address a member typed. Used by whoever opens a session for one."""

from django.conf import settings

from evalhub.common.outbound import AddressPolicy


def outbound_policy() -> AddressPolicy:
    """Where agent endpoints and API sources may be."""
    return AddressPolicy(allow_loopback=settings.ENV.allow_loopback_out, allowed_hosts=tuple(settings.ENV.allowed_hosts_out))
