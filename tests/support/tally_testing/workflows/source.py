"""Faults in a workflow's source, which Cloud Workflows finds at its deployment or when it runs.

Its expressions are written like Python's, so Python's parser reads them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LONGEST_EXPRESSION = 400
LARGEST_SOURCE = 128 * 1024
LONGEST_REQUEST_S = 1800

_EXPRESSION = re.compile(r"\$\{(.*)\}", re.DOTALL)
# What we use of the standard library.
FUNCTIONS = {
    "default", "get_type", "int", "len", "string",
    "json.encode_to_string", "list.concat", "map.get", "math.max", "sys.get_env", "sys.now",
    "text.decode", "text.match_regex", "text.replace_all", "text.replace_all_regex",
    "text.substring", "time.format", "time.parse",
}  # fmt: skip
CALLS = {"http.get", "http.post", "sys.sleep"}


@dataclass
class Subworkflow:
    """What of a subworkflow may be named in it."""

    name: str
    variables: set[str]
    steps: list[str] = field(default_factory=list)


def faults(path: Path) -> list[str]:
    """Return what is wrong with a workflow, each with its subworkflow and step."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = [] if path.stat().st_size <= LARGEST_SOURCE else ["the source is too large"]
    for name, definition in workflow.items():
        scope = Subworkflow(name, set(definition.get("params", [])) | _assigned(definition))
        found += _faults_of_steps(definition["steps"], scope, workflow)
        twice = {step for step in scope.steps if scope.steps.count(step) > 1}
        found += [f"{name}: two steps are called {step}" for step in sorted(twice)]
    return found


def environment_variables(path: Path) -> set[str]:
    """Return the environment variables that a workflow reads."""
    return set(re.findall(r'get_env\(\\?"(\w+)', path.read_text(encoding="utf-8")))


def _assigned(part: Any) -> set[str]:
    """Return every variable that is assigned anywhere below."""
    if isinstance(part, list):
        return set().union(*map(_assigned, part))
    if not isinstance(part, dict):
        return set()
    names = {str(name) for each in part.get("assign", []) for name in each}
    names |= {part[key] for key in ("result", "value", "index", "as") if _is_name(part.get(key))}
    return names | set().union(*map(_assigned, part.values()))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _faults_of_steps(
    steps: list[dict[str, Any]], scope: Subworkflow, workflow: dict[str, Any]
) -> Iterator[str]:
    names = [name for step in steps for name in step]
    scope.steps += names
    for step in steps:
        for name, content in step.items():
            where = f"{scope.name}.{name}"
            found = [*_faults_of_step(content, names, scope, workflow)]
            yield from (f"{where}: {fault}" for fault in found)
            for inner in _inner_steps(content):
                yield from _faults_of_steps(inner, scope, workflow)


def _inner_steps(part: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the lists of steps directly below a step."""
    if isinstance(part, list):
        for each in part:
            yield from _inner_steps(each)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "steps":
                yield value
            else:
                yield from _inner_steps(value)


def _faults_of_step(
    content: Any, siblings: list[str], scope: Subworkflow, workflow: dict[str, Any]
) -> Iterator[str]:
    for key, value in _own_values(content):
        if key == "next" and value not in {*siblings, "end", "break", "continue"}:
            yield f"no step beside it is called {value}"
        if isinstance(value, str) and "${" in value:
            yield from _faults_of_expression(value, scope.variables | set(workflow))
    for call in _calls(content):
        yield from _faults_of_call(call, workflow)


def _own_values(part: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a step, those of steps below it excepted."""
    if isinstance(part, list):
        for each in part:
            yield from _own_values(each, key)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name != "steps":
                yield from _own_values(value, name)
    else:
        yield key, part


def _calls(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, list):
        for each in part:
            yield from _calls(each)
    elif isinstance(part, dict):
        if "call" in part:
            yield part
        for name, value in part.items():
            if name not in {"steps", "args"}:
                yield from _calls(value)


def _faults_of_call(call: dict[str, Any], workflow: dict[str, Any]) -> Iterator[str]:
    target, args = call["call"], call.get("args", {})
    if target in CALLS:
        if target.startswith("http."):
            yield from _faults_of_request(args)
    elif target not in workflow:
        yield f"nothing is called {target}"
    elif set(args) != set(workflow[target].get("params", [])):
        yield f"{target} takes {workflow[target].get('params', [])}, not {sorted(args)}"


def _faults_of_request(args: dict[str, Any]) -> Iterator[str]:
    auth = args.get("auth", {})
    if auth.get("type") not in {"OIDC", "OAuth2"}:
        yield "a request without a token"
    if auth.get("type") == "OIDC" and auth.get("audience") != args["url"]:
        yield "a token for another audience than the URL"
    if not 0 < args.get("timeout", 0) <= LONGEST_REQUEST_S:
        yield f"a timeout that is none of up to {LONGEST_REQUEST_S} s"


def _faults_of_expression(text: str, known: set[str]) -> Iterator[str]:
    whole = _EXPRESSION.fullmatch(text)
    if whole is None:
        yield f"an expression is all of a value or none of it: {text}"
        return
    if len(whole[1]) > LONGEST_EXPRESSION:
        yield f"an expression of {len(whole[1])} characters: {text}"
    try:
        tree = ast.parse(whole[1].strip(), mode="eval")
    except SyntaxError as error:
        yield f"{error.msg}: {text}"
        return
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    yield from (f"unknown function {name}: {text}" for name in sorted(called - FUNCTIONS))
    modules = {name.partition(".")[0] for name in FUNCTIONS}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    unknown = sorted(names - known - modules)
    yield from (f"unknown variable {name}: {text}" for name in unknown)
