# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A server with the part of the controller's REST API (v2) that job templates are made with, strict
where the controller is.

Lists are filtered and paged, references must exist, unknown fields are refused, secrets read back
as $encrypted$, and surveys are checked as the controller's survey_spec endpoint does.
"""

from __future__ import annotations

import json
import re
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

TOKEN = "canary-token"
PAGE = 2
COMMON = {"name": "", "description": "", "organization": None}
JOB_PROMPTS = {
    f"ask_{name}_on_launch": False
    for name in (
        "diff_mode",
        "job_type",
        "limit",
        "skip_tags",
        "tags",
        "verbosity",
        "variables",
        "inventory",
    )
}
# Fields by kind of object, with their defaults; a field that ends in these words refers to an
# object of that kind.
FIELDS: dict[str, dict[str, t.Any]] = {
    "organizations": {"name": "", "description": ""},
    "credential_types": {"name": "", "kind": ""},
    "credentials": {**COMMON, "credential_type": None, "inputs": {}},
    "execution_environments": {**COMMON, "image": "", "pull": "", "credential": None},
    "projects": {
        **COMMON,
        "scm_type": "",
        "scm_url": "",
        "scm_branch": "",
        "scm_update_on_launch": False,
        "credential": None,
        "default_environment": None,
        "scm_revision": "",
    },
    "inventories": {**COMMON, "kind": "", "host_filter": None, "variables": ""},
    "inventory_sources": {
        "name": "",
        "description": "",
        "inventory": None,
        "source": "",
        "source_path": "",
        "source_project": None,
        "credential": None,
        "execution_environment": None,
        "overwrite": False,
        "overwrite_vars": False,
        "update_on_launch": False,
    },
    "job_templates": {
        **COMMON,
        "job_type": "run",
        "playbook": "",
        "project": None,
        "inventory": None,
        "execution_environment": None,
        "extra_vars": "---",
        "survey_enabled": False,
        "limit": "",
        "scm_branch": "",
        **JOB_PROMPTS,
    },
    "workflow_job_templates": {
        **COMMON,
        "inventory": None,
        "survey_enabled": False,
        "extra_vars": "---",
        "limit": "",
        **JOB_PROMPTS,
    },
    "workflow_job_template_nodes": {
        "identifier": "",
        "workflow_job_template": None,
        "unified_job_template": None,
        "extra_data": {},
    },
}
TYPES = {
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "workflow_job_template_nodes": "workflow_job_template_node",
}
REFERENCES = {
    "organization": "organizations",
    "credential_type": "credential_types",
    "credential": "credentials",
    "execution_environment": "execution_environments",
    "default_environment": "execution_environments",
    "project": "projects",
    "source_project": "projects",
    "inventory": "inventories",
    "workflow_job_template": "workflow_job_templates",
    "unified_job_template": "unified_job_templates",
}
REQUIRED = {
    "inventories": ("organization",),
    "credentials": ("credential_type",),
    "job_templates": ("project", "inventory", "playbook"),
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
SURVEYED = ("job_templates", "workflow_job_templates")
RELATED = {
    "job_templates": ("credentials",),
    "workflow_job_template_nodes": ("success_nodes", "failure_nodes", "always_nodes"),
}
QUESTION_TYPES = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}


class Refused(Exception):
    def __init__(self, status: int, body: t.Any) -> None:
        super().__init__(body)
        self.status, self.body = status, body


class Controller:
    """The objects, and the server that speaks for them."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, t.Any]]] = {kind: [] for kind in FIELDS}
        self.surveys: dict[int, dict[str, t.Any]] = {}
        self.related: dict[tuple[int, str], list[int]] = {}
        self.requests: list[str] = []
        self._last = 0
        self._lock = threading.Lock()
        self.create("organizations", {"name": "Other"})
        self.create("organizations", {"name": "Default"})
        for name, kind in (("Machine", "ssh"), ("Vault", "vault"), ("Source Control", "scm")):
            self.create("credential_types", {"name": name, "kind": kind})
        # Enough of others that a list needs more than one page.
        for number in range(3):
            self.create("projects", {"name": f"Other {number}", "scm_type": "git"})
        handler = type("Handler", (Handler,), {"controller": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Controller:
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_error: t.Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def kind(self, kind: str) -> list[dict[str, t.Any]]:
        if kind == "unified_job_templates":
            return [item for part in UNIFIED for item in self.objects[part]]
        if kind not in self.objects:
            raise Refused(404, {"detail": "Not found."})
        return self.objects[kind]

    def get(self, kind: str, number: int) -> dict[str, t.Any]:
        for item in self.kind(kind):
            if item["id"] == number:
                return item
        raise Refused(404, {"detail": "Not found."})

    def named(self, kind: str, name: str) -> dict[str, t.Any]:
        (found,) = (
            item for item in self.kind(kind) if item.get("name", item.get("identifier")) == name
        )
        return found

    def shown(self, item: dict[str, t.Any]) -> dict[str, t.Any]:
        if "inputs" not in item:
            return item
        secret = ("password", "ssh_key_data", "vault_password")
        inputs = {
            name: "$encrypted$" if name in secret and value != "ASK" else value
            for name, value in item["inputs"].items()
        }
        return {**item, "inputs": inputs}

    def check(self, kind: str, data: dict[str, t.Any], item: dict[str, t.Any]) -> None:
        for field, value in data.items():
            if field == "type":
                continue
            if field not in FIELDS[kind]:
                raise Refused(400, {field: ["No such field."]})
            if field in REFERENCES and value not in (None, ""):
                try:
                    self.get(REFERENCES[field], int(value))
                except Refused:
                    raise Refused(400, {field: [f"Invalid pk {value}."]}) from None
            elif isinstance(FIELDS[kind][field], bool) and not isinstance(value, bool):
                raise Refused(400, {field: ["Must be a valid boolean."]})
        whole = {**item, **data}
        for field in (*REQUIRED.get(kind, ()), "identifier" if kind.endswith("_nodes") else "name"):
            if not whole.get(field):
                raise Refused(400, {field: ["This field is required."]})
        if kind == "projects" and whole["scm_type"] == "git" and data.get("scm_url") == "":
            raise Refused(400, {"scm_url": ["This field is required."]})
        if kind == "inventory_sources" and whole.get("credential"):
            kind_of = self.get(
                "credential_types", self.get("credentials", whole["credential"])["credential_type"]
            )["kind"]
            if kind_of in ("insights", "vault"):
                raise Refused(
                    400,
                    {
                        "credential": [
                            "Credentials of type insights and vault are disallowed for scm"
                            " inventory sources."
                        ]
                    },
                )

    def create(self, kind: str, data: dict[str, t.Any]) -> dict[str, t.Any]:
        item = {**json.loads(json.dumps(FIELDS[kind]))}
        self.check(kind, data, item)
        self._last += 1
        url = f"/api/v2/{kind}/{self._last}/"
        related = {name: url + name + "/" for name in RELATED.get(kind, ())}
        if kind in SURVEYED:
            related["survey_spec"] = url + "survey_spec/"
        item.update(
            data,
            id=self._last,
            type=TYPES.get(kind, kind[:-1]),
            url=url,
            related=related,
            summary_fields={},
        )
        if kind == "projects":
            item["summary_fields"] = {"current_update": {"id": self._last}}
        self.objects[kind].append(item)
        return item

    def respond(
        self, method: str, path: str, query: dict[str, str], data: t.Any
    ) -> tuple[int, t.Any]:
        parts = path.strip("/").split("/")[2:]
        if path == "/api/v2/ping/":
            return 200, {"version": "24.6.1", "ha": False}
        if path == "/api/v2/config/":
            return 200, {"version": "24.6.1", "license_info": {"license_type": "open"}}
        if path == "/api/v2/me/":
            return 200, {
                "count": 1,
                "next": None,
                "previous": None,
                "results": [{"id": 1, "username": "admin"}],
            }
        if len(parts) == 2 and parts[0] == "project_updates":
            return 200, {
                "id": int(parts[1]),
                "status": "successful",
                "finished": "2026-01-01T00:00:00Z",
                "failed": False,
            }
        if len(parts) == 1 and method == "GET":
            return 200, self.listed(path, [self.shown(item) for item in self.kind(parts[0])], query)
        if len(parts) == 1 and method == "POST":
            same = (
                "name",
                "organization",
                "inventory",
                "workflow_job_template",
                "identifier",
                "credential_type",
            )
            taken = [
                other
                for other in self.kind(parts[0])
                if all(other.get(key) == data.get(key, other.get(key)) for key in same)
            ]
            if taken:
                raise Refused(400, {"__all__": ["This name is taken."]})
            return 201, self.shown(self.create(parts[0], data))
        item = self.get(parts[0], int(parts[1]))
        if len(parts) == 2 and method == "GET":
            return 200, self.shown(item)
        if len(parts) == 2 and method == "PATCH":
            self.check(parts[0], data, item)
            item.update(data)
            return 200, self.shown(item)
        if len(parts) == 3 and parts[2] == "survey_spec" and parts[0] in SURVEYED:
            if method == "POST":
                check_survey(data)
                self.surveys[item["id"]] = data
                return 200, None
            return 200, self.surveys.get(item["id"], {})
        if len(parts) == 3 and parts[2] in RELATED.get(parts[0], ()):
            there = self.related.setdefault((item["id"], parts[2]), [])
            of_kind = "workflow_job_template_nodes" if parts[2].endswith("_nodes") else parts[2]
            if method == "GET":
                return 200, self.listed(
                    path, [self.shown(self.get(of_kind, number)) for number in there], query
                )
            self.get(of_kind, data["id"])
            if data.get("disassociate"):
                there.remove(data["id"])
            elif data["id"] not in there:
                there.append(data["id"])
            return 204, None
        raise Refused(405, {"detail": "Method not allowed."})

    @staticmethod
    def listed(path: str, items: list[dict[str, t.Any]], query: dict[str, str]) -> dict[str, t.Any]:
        """One page of what the filters leave. An or__ filter is enough by itself, as Django's
        are."""
        filters = {
            name: value
            for name, value in query.items()
            if name not in ("page", "page_size", "order_by")
        }
        either = {name[4:]: value for name, value in filters.items() if name.startswith("or__")}
        every = {name: value for name, value in filters.items() if not name.startswith("or__")}
        for name in [*either, *every]:
            if items and not any(name in item for item in items):
                raise Refused(400, {"detail": f"No field {name} to filter by."})
        found = [
            item
            for item in items
            if all(str(item.get(name)) == value for name, value in every.items())
            and (not either or any(str(item.get(name)) == value for name, value in either.items()))
        ]
        page = int(query.get("page", 1))
        more = len(found) > page * PAGE
        return {
            "count": len(found),
            "next": (
                "{0}?{1}".format(path, urlencode({**query, "page": page + 1})) if more else None
            ),
            "previous": None,
            "results": found[(page - 1) * PAGE : page * PAGE],
        }


def check_survey(spec: t.Any) -> None:
    """What the controller demands of a survey."""

    def demand(condition: bool, sentence: str) -> None:
        if not condition:
            raise Refused(400, {"error": sentence})

    for field, kind in (("name", str), ("description", str), ("spec", list)):
        demand(
            isinstance(spec.get(field), kind),
            f"Field '{field}' is missing from survey spec or of a wrong type.",
        )
    demand(len(spec["spec"]) > 0, "'spec' doesn't contain any items.")
    names = [question.get("variable") for question in spec["spec"]]
    demand(len(names) == len(set(names)), "A variable is duplicated.")
    for question in spec["spec"]:
        for field, kind in (
            ("type", str),
            ("question_name", str),
            ("variable", str),
            ("required", bool),
        ):
            demand(
                isinstance(question.get(field), kind),
                f"'{field}' missing from survey question or of a wrong type.",
            )
        demand(
            re.match(r"[A-Za-z_][A-Za-z0-9_]*\Z", question["variable"]) is not None,
            "No name of a variable.",
        )
        demand(
            question["type"] in QUESTION_TYPES,
            "'{0}' is no question type.".format(question["type"]),
        )
        default = question.get("default", "")
        demand(
            default == "" or isinstance(default, QUESTION_TYPES[question["type"]]),
            "Default of a wrong type.",
        )
        demand(
            all(
                question.get(key) is None or isinstance(question[key], int)
                for key in ("min", "max")
            ),
            "Limit is not an integer.",
        )
        if question["type"] in ("multiplechoice", "multiselect"):
            demand(bool(question.get("choices")), "Choices are missing.")
            given = default.splitlines()
            demand(
                question["type"] == "multiselect" or len(given) < 2,
                "Multiple Choice can only have one default value.",
            )
            demand(
                all(item in question["choices"] for item in given),
                "Default choice must be answered from the choices listed.",
            )
        demand(not str(default).startswith("$encrypted$"), "$encrypted$ is a reserved keyword.")


class Handler(BaseHTTPRequestHandler):
    controller: Controller
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: t.Any) -> None:
        pass

    def _handle(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        data = json.loads(self.rfile.read(length) or b"null")
        with self.controller._lock:
            self.controller.requests.append(f"{self.command} {self.path}")
            try:
                if self.headers.get("Authorization") != "Bearer " + TOKEN:
                    raise Refused(401, {"detail": "Authentication credentials were not provided."})
                status, body = self.controller.respond(
                    self.command, url.path, dict(parse_qsl(url.query)), data
                )
            except Refused as refused:
                status, body = refused.status, refused.body
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle
