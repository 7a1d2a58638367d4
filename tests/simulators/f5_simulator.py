# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A BIG-IP with AS3 on loopback, over HTTPS: what it answers is what F5 documents, and it refuses what the real one
refuses.

Documented behaviour, with where: 202 and a task, and a synchronous call that becomes one after 45 s
(docs/refguide/as3-api.rst); 204 while AS3 has no tenant, 400 or 404 without AS3, saving even when nothing changed
(docs/userguide/tips-warnings.rst); results per tenant, 207 when they differ (openapi.yaml, declarationHandler.js); the
optimistic lock (audit.js); traces of a dry run (audit.js, dryRun of the integration tests). What is not documented is a
switch: 200 around a failed tenant was seen in the field (terraform-provider-bigip issue 1000).
"""

from __future__ import annotations

import base64
import copy
import datetime
import hashlib
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators.f5_contract import Contract
from tests.simulators.f5_objects import DeclarationError, Objects, desired, difference
from tests.simulators.f5_rest import rest_item
from tests.simulators.https_server import ADDRESS, HttpsServer, Request, Response

AS3 = "/mgmt/shared/appsvcs"
HASH_MESSAGE = (
    "The hash you submitted does not match the hash on the current Tenant. This usually indicates there was a change "
    "to the Tenant"
)
_KNOWN_QUERY = {"async", "show", "showHash", "controls.dryRun", "controls.traceResponse", "age", "filterClass"}


@dataclass
class Quirks:
    """Switches of one simulator; times are seconds, small ones stand for the real ones."""

    async_after: float = 45.0
    deploy_seconds: float = 0.0
    busy_answers: int = 0
    failing_tenant: dict[str, Any] | None = None
    status_of_failure: int | None = None
    extra_results: list[dict[str, Any]] = field(default_factory=list)
    version: str = "3.56.0"
    installed: bool = True
    ignores_dry_run: bool = False
    dry_run_pends: bool = True
    """A dry run to a member of a device group sets Changes Pending (docs/userguide/troubleshooting.rst, issues 207, 221
    and 762 of f5-appsvcs-extension); in another reading it leaves the state alone."""
    save_fails: bool = False
    token_seconds: float = 3600.0
    before_deploy: Any = None
    """Called before a declaration is applied: what somebody else does in that moment."""
    before_retrieve: Any = None
    """The same before AS3's own declaration is read."""


class BigIpSimulator:
    """One unit; objects is what the device has, stored what AS3 keeps, log every request as (method, path with
    query).
    """

    def __init__(self, address: str = ADDRESS, port: int = 0) -> None:
        self.quirks = Quirks()
        self.user, self.password = "ansible", "correct horse"
        self.tokens: dict[str, float] = {}
        self.objects: Objects = {}
        self.stored: dict[str, Any] = {}
        self.tasks: dict[str, tuple[float, Any]] = {}
        self.device_groups = [
            {"fullPath": "/Common/device_trust_group", "type": "sync-only"},
            {"fullPath": "/Common/pair", "type": "sync-failover"},
        ]
        self.devices = [
            {
                "name": "lb01.contoso.com",
                "hostname": "lb01.contoso.com",
                "failoverState": "active",
                "selfDevice": "true",
            }
        ]
        self.sync_state = "Standalone"
        self.partner: BigIpSimulator | None = None
        self.saves = 0
        self.log: list[tuple[str, str]] = []
        self.contract = Contract()
        self._server = HttpsServer(self.answer, address, port)
        self.address, self.port, self.ca = address, self._server.port, str(self._server.ca)
        self._server.__enter__()

    def stop(self) -> None:
        """End the server."""
        self._server.close()

    def new_token(self) -> str:
        """Return a token that holds for the time of the quirks."""
        token = uuid.uuid4().hex
        self.tokens[token] = time.monotonic() + self.quirks.token_seconds
        return token

    def taken(self) -> list[str]:
        """Return the requests since the last call, as "METHOD path", and forget them."""
        found = [f"{method} {path.partition('?')[0]}" for method, path in self.log]
        self.log.clear()
        return found

    def answer(self, request: Request) -> Response:
        """Return the answer to a request."""
        self.log.append((request.method, request.path))
        url = urlsplit(request.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if not self._admitted(request):
            return Response(
                401, {"code": 401, "message": "Authorization failed: no user authentication header or token detected."}
            )
        if not url.path.startswith(AS3):
            return self._rest(url.path.removeprefix("/mgmt/tm/"), query)
        path = url.path.removeprefix(AS3)
        reply = self._as3(request.method, path, query, request.body)
        self.contract.check(request.method, path, query, reply.status, reply.document)
        return reply

    def _admitted(self, request: Request) -> bool:
        token = request.headers.get("x-f5-auth-token")
        if token is not None:
            return self.tokens.get(token, 0) > time.monotonic()
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return bool(request.headers.get("authorization") == f"Basic {expected}")

    def _as3(self, method: str, path: str, query: dict[str, str], body: bytes) -> Response:
        if not self.quirks.installed:
            return Response(
                404, {"code": 404, "message": f"Public URI path not registered: {AS3}{path}", "restOperationId": 1}
            )
        if query.keys() - _KNOWN_QUERY:
            return Response(
                400, {"code": 400, "message": f"unknown query parameter {sorted(query.keys() - _KNOWN_QUERY)}"}
            )
        if path == "/info":
            return Response(
                200,
                {
                    "version": self.quirks.version,
                    "release": "10",
                    "schemaCurrent": self.quirks.version,
                    "schemaMinimum": "3.0.0",
                },
            )
        if path.startswith("/task/"):
            return self._task(path.removeprefix("/task/"))
        if method == "GET":
            return self._retrieved(path.removeprefix("/declare").strip("/"), query)
        if self.quirks.busy_answers:
            self.quirks.busy_answers -= 1
            return Response(
                503,
                {
                    "code": 503,
                    "message": "Error: Configuration operation in progress on device undefined, "
                    "please try again in 2 minutes",
                },
            )
        return self._declared(json.loads(body), query)

    def _retrieved(self, tenant: str, query: dict[str, str]) -> Response:
        if self.quirks.before_retrieve:
            act, self.quirks.before_retrieve = self.quirks.before_retrieve, None
            act()
        found = {
            name: copy.deepcopy(value)
            for name, value in self.stored.items()
            if not tenant or name == tenant or not isinstance(value, dict)
        }
        trees = [value for value in found.values() if isinstance(value, dict) and value.get("class") == "Tenant"]
        if not self.stored:
            return Response(204)
        if not trees:
            return Response(404, {"code": 404, "message": f"specified Tenant(s) '{tenant}' not found in declaration"})
        for tree in trees if query.get("showHash") == "true" else ():
            tree["optimisticLockKey"] = lock_key(tree)
        return Response(200, found)

    def _task(self, name: str) -> Response:
        if name not in self.tasks:
            return Response(404, {"message": f"No record found with ID of {name}"})
        end, outcome = self.tasks[name]
        link = f"https://localhost{AS3}/task/{name}"
        if time.monotonic() < end:
            waiting = {"message": "in progress", "tenant": "", "host": "", "runTime": 0, "code": 0}
            return Response(200, {"id": name, "results": [waiting], "declaration": {}, "selfLink": link})
        extra = {"traces": outcome["traces"]} if "traces" in outcome else {}
        return Response(
            200,
            {
                "id": name,
                "results": outcome["results"],
                "declaration": outcome["declaration"],
                "selfLink": link,
                **extra,
            },
        )

    def _declared(self, request: dict[str, Any], query: dict[str, str]) -> Response:
        adc = request["declaration"] if request.get("class") == "AS3" else request
        errors = self._schema_errors(adc)
        if errors:
            return Response(
                422, {"code": 422, "errors": errors, "declarationFullId": "", "message": "declaration is invalid"}
            )
        dry = (
            query.get("controls.dryRun") == "true" or request.get("action") == "dry-run"
        ) and not self.quirks.ignores_dry_run
        if self.quirks.before_deploy and not dry:
            act, self.quirks.before_deploy = self.quirks.before_deploy, None
            act()
        try:
            outcome = self._applied(adc, request, dry=dry, traces=query.get("controls.traceResponse") == "true")
        except DeclarationError as error:
            return Response(
                422, {"code": 422, "errors": [str(error)], "declarationFullId": "", "message": "declaration is invalid"}
            )
        if query.get("async") == "true" or self.quirks.deploy_seconds > self.quirks.async_after:
            return self._became_task(outcome)
        time.sleep(self.quirks.deploy_seconds)
        if self.quirks.save_fails and not dry:
            return Response(500, {"code": 500, "message": "save sys config failed (Error: timeout exceeded for save)"})
        return Response(self._status(outcome["results"]), outcome)

    def _became_task(self, outcome: dict[str, Any]) -> Response:
        """A synchronous call that lasts becomes a task by itself; its answer comes when the time is up."""
        name = str(uuid.uuid4())
        self.tasks[name] = (time.monotonic() + self.quirks.deploy_seconds, outcome)
        time.sleep(min(self.quirks.async_after, self.quirks.deploy_seconds))
        submitted = {"message": "Declaration successfully submitted", "tenant": "", "host": "", "runTime": 0, "code": 0}
        return Response(
            202,
            {"id": name, "results": [submitted], "declaration": {}, "selfLink": f"https://localhost{AS3}/task/{name}"},
        )

    def _schema_errors(self, adc: dict[str, Any]) -> list[str]:
        asked = [int(part) for part in adc["schemaVersion"].split(".")]
        if asked > [int(part) for part in self.quirks.version.split(".")]:
            return ["/schemaVersion: should match pattern of the schema versions up to " + self.quirks.version]
        return self.contract.declaration_errors(adc)

    def _applied(self, adc: dict[str, Any], request: dict[str, Any], *, dry: bool, traces: bool) -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        traced: dict[str, Any] = {}
        for tenant, tree in adc.items():
            if isinstance(tree, dict) and tree.get("class") == "Tenant":
                results.append(
                    {
                        **self._tenant(tenant, tree, traced, dry=dry),
                        "tenant": tenant,
                        "host": "localhost",
                        "runTime": 727,
                    }
                )
        answered = [*results, *(self.quirks.extra_results if not dry else [])]
        outcome = {
            "results": answered,
            "declaration": {name: value for name, value in adc.items() if name != "controls"},
        }
        if dry and self.partner is not None and self.quirks.dry_run_pends:
            self.sync_state = self.partner.sync_state = "Changes Pending"
        if not dry:
            self.saves += bool(request.get("persist", True))
            self._synchronise(request.get("syncToGroup", ""))
        return {**outcome, **({"traces": traced} if traces else {}), **({"dryRun": True} if dry else {})}

    def _tenant(self, tenant: str, tree: dict[str, Any], traced: dict[str, Any], *, dry: bool) -> dict[str, Any]:
        previous, given = self.stored.get(tenant), tree.get("optimisticLockKey")
        tree = {name: value for name, value in tree.items() if name != "optimisticLockKey"}
        if given and previous is not None and given != lock_key(previous):
            return {"code": 422, "message": HASH_MESSAGE}
        current = {path: made for path, made in self.objects.items() if path.startswith(f"/{tenant}/")}
        wanted = desired(tenant, tree, self._common_addresses())
        diff = difference(current, wanted)
        traced |= {f"{tenant}Desired": wanted, f"{tenant}Current": copy.deepcopy(current), f"{tenant}Diff": diff}
        if self.quirks.failing_tenant and not dry:
            return self.quirks.failing_tenant
        if not dry:
            conflict = self._conflict(tenant, wanted)
            if conflict:
                return {"code": 422, "message": "declaration failed", "response": conflict}
            self._store(tenant, tree, current, wanted)
        if not diff:
            return {"code": 200, "message": "no change"}
        return {"code": 200, "message": "success", "lineCount": len(diff), **({"dryRun": True} if dry else {})}

    def _store(self, tenant: str, tree: dict[str, Any], current: Objects, wanted: Objects) -> None:
        for path in current:
            del self.objects[path]
        self.objects |= copy.deepcopy(wanted)
        if wanted:
            self.stored |= {
                "class": "ADC",
                "schemaVersion": "3.30.0",
                "updateMode": "selective",
                tenant: copy.deepcopy(tree),
            }
            self.stored["controls"] = {"archiveTimestamp": datetime.datetime.now(datetime.timezone.utc).isoformat()}
        else:
            self.stored.pop(tenant, None)
            if not any(isinstance(value, dict) and value.get("class") == "Tenant" for value in self.stored.values()):
                self.stored.clear()

    def _common_addresses(self) -> frozenset[str]:
        found = (
            made
            for path, made in self.objects.items()
            if path.startswith("/Common/") and made["command"] == "ltm virtual-address"
        )
        return frozenset(made["properties"]["address"] for made in found)

    def _conflict(self, tenant: str, wanted: Objects) -> str:
        """Return the error of the device for an address or destination of another partition."""
        others = {path: made for path, made in self.objects.items() if not path.startswith(f"/{tenant}/")}
        nodes = {made["properties"]["address"]: path for path, made in others.items() if made["command"] == "ltm node"}
        for made in wanted.values():
            for name in made["properties"].get("members", {}) if made["command"] == "ltm pool" else ():
                address = re.split(r"[.:]\d+\Z", name.rpartition("/")[2])[0]
                path = nodes.get(address, "/Common/")
                if not path.startswith("/Common/"):
                    return f"01020066:3: The requested Node (/{tenant}/{address}) already exists in partition {path}."
        for path, made in sorted(wanted.items()):
            for other, its in others.items():
                same = made["command"] == its["command"]
                if (
                    same
                    and made["command"] == "ltm virtual-address"
                    and made["properties"]["address"] == its["properties"]["address"]
                ):
                    return (
                        f"0107176c:3: Invalid Virtual Address, the IP address {its['properties']['address']} already "
                        f"exists ({other})."
                    )
                if same and made["command"] == "ltm virtual" and _place(made) == _place(its):
                    return (
                        f"01070333:3: Virtual Server {path} illegally shares destination address, source address, "
                        f"service port with Virtual Server {other}."
                    )
        return ""

    def _synchronise(self, group: str) -> None:
        if self.partner is not None:
            self.sync_state = self.partner.sync_state = "In Sync" if group else "Changes Pending"
            if group:
                self.partner.objects, self.partner.stored = copy.deepcopy(self.objects), copy.deepcopy(self.stored)

    def _status(self, results: list[dict[str, Any]]) -> int:
        codes = {result["code"] for result in results}
        if codes == {200}:
            return 200
        return self.quirks.status_of_failure or (207 if 200 in codes else 422)

    def _rest(self, path: str, query: dict[str, str]) -> Response:
        """Answer the REST interface: collections and single objects, of every partition."""
        if path == "cm/device":
            return Response(200, {"kind": "tm:cm:device:devicecollectionstate", "items": self.devices})
        if path == "cm/device-group":
            kind = "tm:cm:device-group:device-groupcollectionstate"
            return Response(200, {"kind": kind, "items": self.device_groups})
        if path == "cm/sync-status":
            entries = {
                "color": {"description": "green"},
                "mode": {"description": "high-availability"},
                "status": {"description": self.sync_state},
            }
            return Response(
                200, {"entries": {"https://localhost/mgmt/tm/cm/sync-status/0": {"nestedStats": {"entries": entries}}}}
            )
        kind, _slash, name = re.sub(r"/(~.*)", r"|\1", path).partition("|")
        command = kind.replace("/", " ")
        if name:
            where = name.replace("~", "/")
            missing = Response(
                404, {"code": 404, "message": f"01020036:3: The requested object ({where}) was not found."}
            )
            return (
                Response(200, rest_item(where, self.objects[where], expand=True)) if where in self.objects else missing
            )
        expand = query.get("expandSubcollections") == "true"
        found = [
            rest_item(path, made, expand=expand) for path, made in self.objects.items() if made["command"] == command
        ]
        chosen = query.get("$select")
        return Response(
            200,
            {
                "items": [{name: one[name] for name in chosen.split(",") if name in one} for one in found]
                if chosen
                else found
            },
        )


def lock_key(tree: dict[str, Any]) -> str:
    """Return AS3's hash of a stored tenant: SHA-256 of the base64 of its JSON, as base64."""
    kept = {name: value for name, value in tree.items() if name != "optimisticLockKey"}
    text = json.dumps(kept, separators=(",", ":"))
    return base64.b64encode(hashlib.sha256(base64.b64encode(text.encode())).digest()).decode()


def _place(virtual: dict[str, Any]) -> tuple[str, str]:
    properties = virtual["properties"]
    return properties["destination"].rpartition("/")[2], properties["ip-protocol"]
