# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contract of AS3's interface: F5's OpenAPI file, and the published schema of declarations.

Both by environment variable.

Every request and answer of the simulator is held against the file, so that the simulator cannot invent an interface.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import yaml

# Known to be missing from the file: 207 (docs/userguide), 401 of the device itself, and what leaves out AS3.
_ELSEWHERE = {207, 401, 400, 404}
_ADDED = {"showHash"}  # GET takes it too (declarationHandler.js, handleRead)


@functools.cache
def _interface(path: str) -> dict[str, Any]:
    text = Path(path).read_text(encoding="utf-8")
    # A result is oneOf result, declaration and error there, but all three take any object: anyOf is what is meant.
    found = yaml.load(text.replace("oneOf:", "anyOf:"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert isinstance(found, dict)
    return found


@functools.cache
def _declarations(path: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(Path(path).read_text(encoding="utf-8"))


class Contract:
    """Checks requests and answers; without the files it checks nothing."""

    def __init__(self) -> None:
        path, schema = os.environ.get("LYNC_AS3_OPENAPI"), os.environ.get("LYNC_AS3_SCHEMA")
        self._api: dict[str, Any] = _interface(path) if path else {}
        self._schema = _declarations(schema) if schema else None
        self.faults: list[str] = []
        self.checked = 0

    def check(self, method: str, path: str, query: dict[str, str], status: int, body: Any) -> None:
        """Hold a request and its answer against the file; faults are kept for the test to look at."""
        if not self._api:
            return
        self.checked += 1
        operation = self._operation(method, path)
        if operation is None:
            self.faults.append(f"{method} {path} is no operation of the interface")
            return
        known = {self._resolved(each)["name"] for each in operation.get("parameters", ())} | _ADDED
        self.faults += [f"{method} {path} has no parameter {name}" for name in query if name not in known]
        responses = {int(code): self._resolved(response) for code, response in operation["responses"].items()}
        if status not in responses:
            self.faults += [] if status in _ELSEWHERE else [f"{method} {path} never answers {status}"]
            return
        schema = responses[status].get("content", {}).get("application/json", {}).get("schema")
        if schema:
            validator = jsonschema.Draft7Validator(
                {**schema, "components": {"schemas": self._api["components"]["schemas"]}}
            )
            self.faults += [
                f"{method} {path} {status}: {error.json_path}: {error.message[:200]}"
                for error in validator.iter_errors(body)
            ]

    def declaration_errors(self, adc: dict[str, Any]) -> list[str]:
        """Return what AS3's schema has against a declaration, in AS3's words."""
        errors = self._schema.iter_errors(adc) if self._schema else ()
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors]

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, found in self._api["paths"].items():
            # /task/{id} is written as /task in the file; its text tells of the id.
            wanted, given = (
                template.strip("/").split("/"),
                path.strip("/").split("/")[: 1 if path.startswith("/task/") else None],
            )
            if len(wanted) == len(given) and all(
                each.startswith("{") or each == there for each, there in zip(wanted, given, strict=True)
            ):
                operation = found.get(method.lower())
                return operation if isinstance(operation, dict) else None
        return None

    def _resolved(self, item: dict[str, Any]) -> dict[str, Any]:
        found: Any = self._api if "$ref" in item else item
        for part in item.get("$ref", "").removeprefix("#/").split("/") if "$ref" in item else ():
            found = found[int(part) if part.isdecimal() else part]  # YAML reads 422 as a number
        assert isinstance(found, dict)
        return found
