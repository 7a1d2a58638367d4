# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of a device as the REST interface shows them: names in camel case, references instead of nested objects."""

from __future__ import annotations

import re
from typing import Any

_PLACE = re.compile(r"-(\w)")


def rest_item(path: str, made: dict[str, Any], *, expand: bool) -> dict[str, Any]:
    """Return one object; sub-collections (members, profiles) have their items only when they are expanded."""
    partition, _slash, rest = path.strip("/").partition("/")
    properties = dict(made["properties"])
    item: dict[str, Any] = {"name": rest.rpartition("/")[2], "partition": partition, "fullPath": path, "generation": 1}
    members, profiles = properties.pop("members", None), properties.pop("profiles", None)
    if members is not None:
        item["membersReference"] = {
            "isSubcollection": True,
            **({"items": [_member(name, each) for name, each in members.items()]} if expand else {}),
        }
    if profiles is not None:
        item["profilesReference"] = {
            "isSubcollection": True,
            **({"items": [_profile(name) for name in profiles]} if expand else {}),
        }
    if isinstance(properties.get("persist"), dict):
        properties["persist"] = [{**_parts(name), "tmDefault": "yes"} for name in properties["persist"]]
    if isinstance(properties.get("vlans"), dict):
        properties["vlans"] = list(properties["vlans"])
    if "vlans-enabled" in properties:
        properties["vlans-enabled"] = True
    if isinstance(properties.get("monitor"), dict):
        properties["monitor"] = " and ".join(properties["monitor"])
    if properties.get("traffic-group") == "default":
        properties |= {"traffic-group": "/Common/traffic-group-1", "inherited-traffic-group": "true"}
    return {**item, **{_PLACE.sub(lambda found: found[1].upper(), name): value for name, value in properties.items()}}


def _parts(path: str) -> dict[str, str]:
    """Return a reference: what is in a folder of its partition has a subPath."""
    partition, *folders, name = path.strip("/").split("/")
    return {"name": name, "partition": partition, **({"subPath": "/".join(folders)} if folders else {})}


def _member(path: str, each: dict[str, Any]) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    address = name.rpartition("." if name.count(":") > 1 else ":")[0]
    # A monitored member that is well reads monitor-enabled and up.
    session = "monitor-enabled" if each["session"] == "user-enabled" else each["session"]
    state = "up" if each["state"] == "user-up" else each["state"]
    return {
        "name": name,
        "fullPath": path,
        "address": address,
        "session": session,
        "state": state,
        "priorityGroup": each.get("priority-group", 0),
    }


def _profile(path: str) -> dict[str, Any]:
    return {"name": path.rpartition("/")[2], "partition": path.split("/")[1], "fullPath": path, "context": "all"}
