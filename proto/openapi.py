#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes openapi.json: schemas from messages.def and codes.def, routes from the gateway's
api.def, and what neither of them says from the table below.  `--check` only compares."""

import json
import os
import re
import sys

from tables import FIELDS, HERE, ROLES, lines, statuses  # noqa: F401

OUT = os.path.join(HERE, "openapi.json")
API = "../services/gateway/api.def"

KEY = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 128},
       "description": "Chosen by the caller, unique per command: a repeat is harmless."}
STRICT = {"name": "Prefer", "in": "header", "schema": {"type": "string"},
          "description": "`handling=strict` refuses an intake with a term that nobody knows; it is stored otherwise."}
OPTIONAL_KEY = dict(KEY, required=False)
VERSION = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
           "description": "The version it is based on, quoted, as ETag and `version` give it."}
OPTIONAL_VERSION = dict(VERSION, required=False)


def query(name, about, **schema):
    return {"name": name, "in": "query", "description": about, "schema": schema or {"type": "string"}}


SAY = query("lang", "BCP 47 tag: the parts of the score come as sentences too (en, uk, ru).")
OFFSET = query("offset", "How many to pass over.", type="integer", minimum=0)


def wrapped(key, record):
    return {"type": "object", "required": [key], "properties": {key: {"$ref": f"#/components/schemas/{record}"}}}


def listed(key, record):
    return {"type": "object", "required": [key],
            "properties": {key: {"type": "array", "items": {"$ref": f"#/components/schemas/{record}"}},
                           "next": {"type": "integer", "description": "Offset of the next page."},
                           "unread": {"type": "integer", "description": "Of this page, so many could not be read and are "
                                                                        "missing; absent: none."}}}


def inbox():
    out = listed("referrals", "referral_state")
    out["properties"]["confirmations"] = {"type": "array", "items": {"$ref": "#/components/schemas/confirmation"}}
    return out


def ref(record):
    return {"$ref": f"#/components/schemas/{record}"}


# handler: parameters, body, answers by code (None: no body), further error codes
DETAILS = {
    "on_post_intake": ([KEY, STRICT], ref("intake"), {"201": wrapped("case", "case_brief"), "200": wrapped("case", "case_brief")},
                       ["409", "422", "503"]),
    "on_get_cases": ([query("state", "A state of a need or referral."), query("agency", "Agency id."),
                      query("place", "Place code."), query("phone", "Phone number, in any spelling."), OFFSET],
                     None, {"200": listed("cases", "case_view")}, ["422"]),
    "on_get_case": ([SAY], None, {"200": wrapped("case", "case_view")}, ["404"]),
    "on_patch_case": ([VERSION, OPTIONAL_KEY], ref("changes"), {"200": wrapped("case", "case_brief")},
                      ["404", "412", "422", "428", "503"]),
    "on_post_withdraw": ([OPTIONAL_VERSION, OPTIONAL_KEY], ref("withdraw_body"), {"200": wrapped("case", "case_brief")},
                         ["404", "409", "412", "422", "503"]),
    "on_post_match": ([SAY], ref("intake"), {"200": ref("previewed")}, ["422", "503"]),
    "on_get_services": ([query("q", "Words, in any spelling."), query("term", "Taxonomy term code; descendants count."),
                         query("near", "LAT,LON in degrees."),
                         query("within_km", "No farther from near.", type="number", minimum=0),
                         query("place", "Code of a place that is served, or lies in one that is."), query("lang", "BCP 47 tag."),
                         query("agency", "Agency id."),
                         query("open_at", "Open at this moment.", type="string", format="date-time"), OFFSET,
                         query("limit", "At most so many.", type="integer", minimum=1, maximum=50)],
                        None, {"200": ref("found")}, ["422", "503"]),
    "on_get_suggest": ([query("q", "Words, of which the last is not whole yet."),
                        query("limit", "At most so many.", type="integer", minimum=1, maximum=20)],
                       None, {"200": ref("completed")}, ["422", "503"]),
    "on_get_places": ([query("q", "A name, or its beginning."), query("within", "Code of the place that they lie in."),
                       query("near", "LAT,LON in degrees, where there is no q: the nearest first."),
                       query("lang", "BCP 47 tag, of names."), OFFSET,
                       query("limit", "At most so many.", type="integer", minimum=1, maximum=50)],
                      None, {"200": ref("places_found")}, ["422", "503"]),
    "on_get_terms": ([query("q", "Words, or their beginnings; without them all."),
                      query("taxonomy", "As it is published; without it the needs' own."),
                      query("lang", "BCP 47 tag, of names."), OFFSET,
                      query("limit", "At most so many.", type="integer", minimum=1, maximum=200)],
                     None, {"200": ref("terms_found")}, ["422", "503"]),
    "on_get_service": ([], None, {"200": {"type": "object", "description": "An HSDS 3.1 service."}}, ["404"]),
    "on_patch_service": ([VERSION, OPTIONAL_KEY],
                         {"type": "object", "description": "A JSON merge patch (RFC 7396) over the fields of edits.def."},
                         {"200": wrapped("service", "service_version")}, ["404", "409", "412", "422", "428", "503"]),
    "on_put_service": ([VERSION, OPTIONAL_KEY],
                       {"type": "object", "description": "What GET gave, facts among the attributes; only fields of edits.def "
                                                         "may differ, and one that is left out is taken out."},
                       {"200": wrapped("service", "service_version")}, ["404", "409", "412", "422", "428", "503"]),
    "on_delete_service": ([VERSION, OPTIONAL_KEY], None, {"200": wrapped("service", "service_version")},
                          ["404", "412", "428", "503"]),
    "on_put_capacity": ([], ref("capacity_body"), {"204": None}, ["404", "422", "503"]),
    "on_post_confirm": ([OPTIONAL_KEY], None, {"200": wrapped("service", "service_version")}, ["404", "503"]),
    "on_get_history": ([query("field", "Of this field alone.")], None, {"200": ref("service_history")},
                       ["404", "422", "503"]),
    "on_delete_edit": ([VERSION, OPTIONAL_KEY], None, {"200": wrapped("service", "service_version")},
                       ["404", "412", "428", "503"]),
    "on_get_changes": ([query("since", "What `next` of the page before said; without it from the oldest that is known."),
                        query("limit", "At most so many.", type="integer", minimum=1, maximum=500)],
                       None, {"200": ref("change_page")}, ["422", "503"]),
    "on_get_inbox": ([OFFSET, query("limit", "At most so many.", type="integer", minimum=1, maximum=50)], None,
                     {"200": inbox()}, []),
    "on_post_answer": ([KEY, VERSION], ref("answer_body"), {"200": wrapped("referral", "referral_brief")},
                       ["404", "409", "412", "422", "428", "503"]),
    "on_put_channel": ([], ref("channel_body"), {"204": None}, ["404", "422", "503"]),
    "on_get_events": ([{"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"},
                        "description": "The journal id to go on from; one that is not known any more is answered by a `reset` event."}],
                      None, {"200": "text/event-stream"}, []),
    "on_get_openapi": ([], None, {"200": {"type": "object"}}, []),
}


HSDS_LETTERS = {"services": "s", "organizations": "o", "service_at_locations": "l", "taxonomies": "t",
                "taxonomy_terms": "w"}
HSDS_TYPES = {**dict.fromkeys(("page", "per_page"), "integer"), "proximity": "number",
              **dict.fromkeys(("minimal", "full", "full_service", "top_only"), "boolean")}
PAGE = {"type": "object", "required": ["total_items", "total_pages", "page_number", "size", "first_page", "last_page",
                                       "empty", "contents"],
        "properties": {**{n: {"type": "integer"} for n in ("total_items", "total_pages", "page_number", "size")},
                       **{n: {"type": "boolean"} for n in ("first_page", "last_page", "empty")},
                       "contents": {"type": "array", "items": {"type": "object"}}}}


def hsds_details(path):
    """Of a route of the open directory, by hsds.def."""
    words = path.split("/")
    if words[3:] in ([], [""]):
        return [], None, {"200": {"type": "object", "required": ["version", "profile", "openapi_url"]}}, []
    letter = HSDS_LETTERS[words[3]]
    if len(words) > 4:
        letter = {"o": "O"}.get(letter, "-")
    parameters = [query(name, about, type=HSDS_TYPES.get(name, "string"))
                  for _, (name, entities, about) in lines("../services/gateway/hsds.def", ["PARAMETER"])
                  if letter in entities]
    return (parameters, None, {"200": {"type": "object"}}, ["404"]) if len(words) > 4 else \
        (parameters, None, {"200": PAGE}, ["503"])


def operation_id(handler, method, path):
    """One handler has many routes of the open directory."""
    if not handler.startswith("on_hsds"):
        return handler[len("on_"):]
    return method.lower() + re.sub(r"\W+", "_", path)


def code_sets():
    sets = {}
    for macro, a in lines("codes.def", ["SET", "CODE"]):
        if macro == "SET":
            sets[a[0]] = []
        else:
            sets[a[0]].append(a[1])
    return sets


def number(text):
    return float(text) if "." in text or "e" in text else int(text)


def field_schema(macro, a, sets):
    def array(items, most):
        return {"type": "array", "items": items, "maxItems": int(most)}
    made = {
        "TEXT": lambda: {"type": "string", "maxLength": int(a[1])},
        "BYTES": lambda: {"type": "string", "contentEncoding": "base64"},
        "UINT": lambda: {"type": "integer", "minimum": 0, "maximum": int(a[1])},
        "ASKED": lambda: {"oneOf": [{"type": "integer", "minimum": 0, "maximum": int(a[1])}, {"const": "refused"}]},
        "REAL": lambda: {"type": "number", "minimum": number(a[1]), "maximum": number(a[2])},
        "TIME": lambda: {"type": "string", "format": "date-time"},
        "FLAG": lambda: {"type": "boolean"},
        "CODE": lambda: {"type": "string", "enum": sets[a[1]]},
        "CODES": lambda: array({"type": "string", "enum": sets[a[1]]}, a[2]),
        "TEXTS": lambda: array({"type": "string", "maxLength": int(a[1])}, a[2]),
        "UINTS": lambda: array({"type": "integer", "minimum": 0, "maximum": int(a[1])}, a[2]),
        "ONE": lambda: dict(ref(a[1])),
        "MANY": lambda: array(ref(a[1]), a[2]),
    }[macro]()
    made["description"] = a[-1]
    return made


def schemas():
    sets, out, current = code_sets(), {}, None
    for macro, a in lines("messages.def", ["RECORD", "MESSAGE", "END_RECORD", "END_MESSAGE"] + FIELDS):
        if macro in ("RECORD", "MESSAGE"):
            current = out[a[0]] = {"type": "object", "description": a[-1], "additionalProperties": False,
                                   "properties": {}, "required": []}
        elif not macro.startswith("END"):
            current["properties"][a[0]] = field_schema(macro, a, sets)
            if a[-3] == "REQUIRED":
                current["required"].append(a[0])
                if macro in ("TEXTS", "UINTS", "CODES", "MANY"):
                    current["properties"][a[0]]["minItems"] = 1
    for schema in out.values():
        if not schema["required"]:
            del schema["required"]
    # A history's values are whatever their fields hold.
    out["service_change"]["properties"].update(previous={"description": "what readers saw before; null: nothing"},
                                               replacement={"description": "what they see since"})
    out["service_history"]["properties"]["history"] = {"type": "array", "items": ref("service_change")}
    out["problem"] = {
        "type": "object", "required": ["type", "title", "status"], "description": "RFC 9457; no personal data.",
        "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                       "code": {"type": "string", "enum": [a[2] for _, a in lines("status.def", ["STATUS"])]},
                       "detail": {"type": "string"},
                       "errors": {"type": "array", "items": ref("defect")},
                       "needs": {"type": "array", "items": ref("need_hint"),
                                 "description": "of an intake with terms that nobody knows, refused for that"},
                       "state": {"type": "string"}, "version": {"type": "integer"}}}
    return used(out)


def used(all_schemas):
    """Only what a route reaches."""
    reached, todo = set(), ["problem"]
    for parameters, body, answers, _ in DETAILS.values():
        todo += re.findall(r"schemas/(\w+)", json.dumps([body, answers]))
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += re.findall(r"schemas/(\w+)", json.dumps(all_schemas[name]))
    return {name: schema for name, schema in all_schemas.items() if name in reached}


def answers_of(answers, errors, who):
    out = {}
    for code, schema in answers.items():
        out[code] = {"description": "done"}
        if schema == "text/event-stream":
            out[code]["content"] = {schema: {"schema": {"type": "string"}}}
        elif schema is not None:
            out[code]["content"] = {"application/json": {"schema": schema}}
    for code in sorted(set(errors + ["400"] + (["401", "403"] if who else []))):
        out[code] = {"$ref": "#/components/responses/problem"}
    return out


def paths():
    out = {}
    for _, (method, path, handler, who, about) in lines(API, ["ROUTE"]):
        parameters, body, answers, errors = DETAILS.get(handler) or hsds_details(path)
        names = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                 for name in re.findall(r"{(\w+)}", path)]
        operation = {"operationId": operation_id(handler, method, path), "summary": about, "parameters": names + parameters,
                     "responses": answers_of(answers, errors, who)}
        if who:
            roles = ", ".join({**ROLES, "u": "auditor"}[letter] for letter in who)
            operation["description"] = f"Roles: {roles}."
        else:
            operation["security"] = []
        if body:
            operation["requestBody"] = {"required": handler not in ("on_post_withdraw", "on_post_answer"),
                                        "content": {"application/json": {"schema": body}}}
        out.setdefault(path, {})[method.lower()] = operation
    return out


def document():
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hearthline", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                 "description": "A referral network: intakes in, offers to agencies, answers back."},
        "servers": [{"url": "http://127.0.0.1:8080"}],
        "security": [{"bearer": []}],
        "paths": paths(),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {"problem": {"description": "what is wrong",
                                      "content": {"application/problem+json": {"schema": ref("problem")}}}},
            "schemas": schemas()}}


def main():
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        with open(OUT) as file:
            if file.read() != text:
                sys.exit("proto/openapi.json differs from the tables: run proto/openapi.py")
        return
    with open(OUT, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
