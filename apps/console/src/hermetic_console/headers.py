"""Headers that keep browsers from doing what the console never asks for."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OF_PAGES = "no-store"
OF_FILES = "public, max-age=3600"
BY_HTTPS = "max-age=31536000; includeSubDomains"


class SecureHeaders:
    """Middleware around everything: no answer leaves without these headers."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.always = {**ALWAYS, "Strict-Transport-Security": BY_HTTPS} if is_https else ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.always)
                headers["Cache-Control"] = OF_FILES if scope["path"].startswith("/static/") else OF_PAGES
            await send(message)

        await self.app(scope, receive, send_with_headers)
