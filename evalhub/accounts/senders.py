"""Who sends a request, as far as it can be told: the address it came from, and the browser in words."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

# In this order: most browsers name their forefathers too.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "HeadlessChrome/": "Chrome without a window",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
    "python": "Python",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def client_address(request: HttpRequest) -> str:
    """The sender's IP address, or "" for none. X-Forwarded-For counts only as far as TRUSTED_PROXIES says: anybody can send it."""
    sender = _plain(request.META.get("REMOTE_ADDR", ""))
    hops: int = settings.TRUSTED_PROXIES
    told = [part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return (_plain(told[-hops]) if 0 < hops <= len(told) else "") or sender


def neighbourhood(address: str) -> str:
    """What is counted together: an IPv4 address, or the /64 network that one IPv6 customer has for themselves."""
    if not address:
        return "unknown"
    ip = ip_address(address)
    return str(IPv6Network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else address


def browser_words(user_agent: str) -> str:
    """`Firefox on Linux`; as much of it as can be told."""
    browser = next((words for sign, words in BROWSERS.items() if sign in user_agent), "Unknown browser")
    system = next((words for sign, words in SYSTEMS.items() if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def _plain(text: str) -> str:
    """An address as it is stored, without port, brackets, zone and the IPv6 way of writing IPv4; "" for what is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)
