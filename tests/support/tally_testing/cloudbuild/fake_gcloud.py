"""Stands in for gcloud: notes each call and keeps what Cloud Run and Functions would have.

GCLOUD_STATE names the file. `fail` holds beginnings of calls that fail before they do anything,
`fail_late` of those that fail after it.
"""

# ruff: noqa: T201  gcloud prints its answers
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["GCLOUD_STATE"])


def main() -> int:
    state = json.loads(STATE.read_text())
    call = " ".join(sys.argv[1:])
    state["calls"].append(call)
    plain = [word for word in sys.argv[1:] if not word.startswith("--")]
    flags = dict(re.findall(r"--([a-z0-9-]+)=(\S+)", call))
    flags |= dict.fromkeys(re.findall(r"--([a-z0-9-]+)(?= |$)", call), "")
    failed = any(call.startswith(start) for start in state["fail"])
    if not failed:
        answer(state, plain, flags)
        failed = any(call.startswith(start) for start in state["fail_late"])
    # Whole or not at all: tests kill whoever calls this.
    written = STATE.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(state))
    written.replace(STATE)
    if failed:
        print(f"ERROR: (gcloud) {call}", file=sys.stderr)
    return int(failed)


def answer(state: dict[str, Any], words: list[str], flags: dict[str, str]) -> None:
    match words:
        case ["run", "services", "describe", _]:
            describe(state, flags["format"])
        case ["run", "services", "update", _]:
            deploy(state, flags)
        case ["run", "services", "update-traffic", _]:
            move(state, flags)
        case ["run", "jobs", "update", name]:
            state["jobs"][name] = flags["image"]
        case ["run", "jobs", "execute", name]:
            state["executed"].append([name, state["jobs"].get(name)])
        case ["functions", "describe", name]:
            print(told(state["functions"][name])[flags["format"]])
        case ["functions", "deploy", name]:
            key, value = flags["update-labels"].split("=")
            state["functions"][name] |= {"source": flags["source"], "state": "ACTIVE"}
            state["functions"][name]["labels"] = {key: value}
        case ["auth", kind]:
            print(f"{kind}-of-the-deploy-account")


def told(function: dict[str, Any]) -> dict[str, str]:
    return {
        "value(buildConfig.serviceAccount)": "projects/p/serviceAccounts/build",
        "value(labels.archive)": function.get("labels", {}).get("archive", ""),
        "value(state)": function["state"],
    }


def describe(state: dict[str, Any], form: str) -> None:
    if form == "value(status.url)":
        print("https://api-abc123.run.app")
    elif form == "value(status.latestReadyRevisionName)":
        print(state["revisions"][-1])
    else:
        columns = re.findall(r"status\.traffic\.(\w+)", form)
        for target in state["traffic"]:
            print(",".join(str(target.get(column, "")) for column in columns))


def deploy(state: dict[str, Any], flags: dict[str, str]) -> None:
    name = f"api-{len(state['revisions']) + 1:05d}"
    state["revisions"].append(name)
    state["images"][name] = flags["image"]
    if "no-traffic" not in flags:
        state["traffic"] = [{"revisionName": name, "percent": 100}]


def move(state: dict[str, Any], flags: dict[str, str]) -> None:
    if "update-tags" in flags:
        tag, name = flags["update-tags"].split("=")
        state["traffic"] = [other for other in state["traffic"] if other.get("tag") != tag]
        state["traffic"].append({"revisionName": name, "tag": tag})
        return
    if "to-latest" in flags:
        shares = {state["revisions"][-1]: 100}
    else:
        pairs = (pair.split("=") for pair in flags["to-revisions"].split(","))
        shares = {name: int(percent) for name, percent in pairs}
    tags = [target for target in state["traffic"] if "tag" in target]
    if "remove-tags" in flags:
        tags = [target for target in tags if target["tag"] != flags["remove-tags"]]
    state["traffic"] = [{"revisionName": n, "percent": p} for n, p in shares.items()] + [
        {"revisionName": target["revisionName"], "tag": target["tag"]} for target in tags
    ]


if __name__ == "__main__":
    sys.exit(main())
