"""Checks of a running server, over HTTP."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any

import httpx

from statehold.chart.machine import Definition
from statehold.doctor.finding import Finding, some, span
from statehold.wire.machines import Machines

#: seconds for one answer; a probe that takes longer is a failure for a load balancer too
ANSWER_SECONDS = 10.0
#: beyond the second that a Date header is cut to
SKEW_SECONDS = 2.0


async def examine_http(
    url: str,
    definitions: Mapping[str, Definition[Any]],
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> tuple[list[Finding], set[str]]:
    """The findings, and the machines that the server runs, as far as it lists them. Credentials in
    the address and in ``headers`` are used, but never shown."""
    try:
        client = httpx.AsyncClient(
            base_url=url, timeout=ANSWER_SECONDS, transport=transport, headers=headers
        )
    except httpx.InvalidURL:
        return [
            Finding(
                "error",
                "server-address",
                "the server's address is not valid",
                "it was not checked",
                "write it as http://host:port",
            )
        ], set()
    url = re.sub(r"//[^/]*@", "//", url)
    async with client:
        try:
            health = await client.get("/health")
        except httpx.HTTPError as error:
            return [_unreachable(url, error)], set()
        if health.status_code != 200:
            return [
                Finding(
                    "error",
                    "server-unhealthy",
                    f"{url}/health answers {health.status_code}",
                    "it is not a Statehold server, or a proxy before it answers",
                    "check the address, and what the proxy logs",
                )
            ], set()
        try:
            return await _examine(client, url, definitions)
        except httpx.HTTPError as error:
            return [_unreachable(url, error)], set()


async def _examine(
    client: httpx.AsyncClient, url: str, definitions: Mapping[str, Definition[Any]]
) -> tuple[list[Finding], set[str]]:
    found: list[Finding] = []
    began = time.monotonic()
    ready = await client.get("/ready")
    took = time.monotonic() - began
    if ready.status_code != 200:
        found.append(
            Finding(
                "error",
                "server-not-ready",
                f"{url}/ready answers {ready.status_code}: {_detail(ready)}",
                "it accepts no requests",
                "see its log; the findings about the store may give the reason",
            )
        )
    elif (trouble := _detail(ready, "")) != "":
        found.append(
            Finding(
                "warning",
                "server-troubles",
                f"{url}: {trouble}",
                "it accepts requests, but what it reports does not work as it should",
                "see its log, and the guide to production for capacity and leases",
            )
        )
    found += _of_clock(url, ready, took)
    found += await _of_release(client, url)
    machines = await client.get("/api/machines")
    if machines.status_code in (401, 403):
        found.append(
            Finding(
                "note",
                "server-guarded",
                f"{url} does not list its machines without authentication",
                "the machines that it runs were not checked",
            )
        )
        return found, set()
    if machines.status_code != 200:
        return found, set()
    running = Machines.model_validate_json(machines.content).machines
    found += _of_versions(url, {m.name: m.version for m in running}, definitions)
    return found, {machine.name for machine in running}


def _of_clock(url: str, answer: httpx.Response, took: float) -> list[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return []
    skew = theirs - datetime.now(UTC)
    if abs(skew.total_seconds()) <= SKEW_SECONDS + took:
        return []
    side = "ahead of" if skew.total_seconds() > 0 else "behind"
    return [
        Finding(
            "warning",
            "server-clock",
            f"the clock of {url} is {span(skew)} {side} this machine's",
            "timers fire by the clock of the worker that fires them",
            "keep all machines on time with NTP",
        )
    ]


async def _of_release(client: httpx.AsyncClient, url: str) -> list[Finding]:
    answer = await client.get("/api/openapi.json")
    if answer.status_code != 200:
        return []
    theirs, ours = answer.json()["info"]["version"], version("statehold")
    if theirs == ours:
        return [Finding("note", "server", f"{url} is Statehold {theirs}")]
    return [
        Finding(
            "warning",
            "server-release",
            f"{url} is Statehold {theirs}, this is {ours}",
            "findings about the schema and charts may not apply to that release",
            "run the doctor of the release that runs, or finish the deploy",
        )
    ]


def _of_versions(
    url: str, running: Mapping[str, int], definitions: Mapping[str, Definition[Any]]
) -> list[Finding]:
    other = [
        f"{name} v{running[name]}, here v{definition.version}"
        for name, definition in sorted(definitions.items())
        if name in running and running[name] != definition.version
    ]
    missing = sorted(name for name in definitions if name not in running)
    found = []
    if other:
        found.append(
            Finding(
                "warning",
                "server-version",
                f"{url} runs other versions: {some(other)}",
                "it has not been deployed, or these are not the machines that are",
                "finish the deploy, or name the deployed machines",
            )
        )
    if missing:
        found.append(
            Finding(
                "warning",
                "server-lacks",
                f"{url} does not run {some(missing)}",
                "it refuses requests for them",
                "pass them where it is started",
            )
        )
    return found


def _detail(answer: httpx.Response, missing: str = "no reason") -> str:
    try:
        body = answer.json()
    except ValueError:
        return missing
    return str(body.get("detail") or missing) if isinstance(body, dict) else missing


def _unreachable(url: str, error: Exception) -> Finding:
    return Finding(
        "error",
        "server-unreachable",
        f"{url} does not answer: {str(error) or type(error).__name__}",
        "no client can use it",
        "check that the server runs and listens there, and that nothing between blocks it",
    )
