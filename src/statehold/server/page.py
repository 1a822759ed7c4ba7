"""The plain page at the root, where the studio is not served: machines, and links to the API."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from statehold.server.guard import caller_of
from statehold.wire.machines import MachineSummary

if TYPE_CHECKING:
    from statehold.engine import Engine

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 3rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td.counts { font-variant-numeric: tabular-nums; white-space: nowrap; }
small { opacity: .7; }
"""

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: nothing but this page's own style is loaded or run
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


_NOT_BUILT = """
<p>This is the plain page: the studio, which shows machines and instances as live diagrams, was
not built into this installation. In a checkout with Node.js, <code>make studio</code> builds it;
then start the server again.</p>"""


def front_page(
    engine: Callable[[], Engine], *, studio_is_missing: bool
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of the page."""

    async def page(request: Request) -> Response:
        running = engine()
        caller = caller_of(request)
        machines = (await running.machine_list(caller=caller)).machines
        details = [await running.machine_detail(one.name, caller=caller) for one in machines]
        counts = [one.counts for one in details]
        return HTMLResponse(
            render(list(zip(machines, counts, strict=True)), studio_is_missing=studio_is_missing),
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )

    return page


def render(
    machines: Sequence[tuple[MachineSummary, Mapping[str, int]]], *, studio_is_missing: bool = False
) -> str:
    """HTML without scripts and without a foreign origin; counts are by state."""
    rows = "".join(_row(machine, counts) for machine, counts in machines)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Statehold</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Statehold</h1>
<table>
<thead><tr><th scope="col">Machine</th><th scope="col">Instances</th></tr></thead>
<tbody>{rows or '<tr><td colspan="2">This engine runs no machine.</td></tr>'}</tbody>
</table>
<p>The interface is described in <a href="api/openapi.json">api/openapi.json</a>;
incidents are at <a href="api/incidents">api/incidents</a>.</p>{
        _NOT_BUILT if studio_is_missing else ""
    }
</main>
</body>
</html>
"""


def _row(machine: MachineSummary, counts: Mapping[str, int]) -> str:
    address = f"api/machines/{quote(machine.name, safe='')}"
    lines = "<br>".join(f"{escape(state)}: {count:,}" for state, count in counts.items())
    return (
        f"<tr><td><strong><bdi>{escape(machine.label)}</bdi></strong> "
        f"<small>{escape(machine.name)} version {machine.version}</small>"
        f"<br>{escape(machine.doc)}<br>"
        f'<small><a href="{address}">chart</a> · <a href="{address}/instances">instances</a> · '
        f'<a href="{address}/diagram">diagram</a></small></td>'
        f'<td class="counts">{lines or "none"}</td></tr>'
    )
