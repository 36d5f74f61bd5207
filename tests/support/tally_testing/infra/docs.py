"""The inputs and outputs of every Terraform module, written into its README.

python -m tally_testing.infra.docs
"""

import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

from tally_testing.infra.terraform import MODULES

BEGIN: Final = "<!-- BEGIN inputs and outputs -->"
END: Final = "<!-- END inputs and outputs -->"

# What `terraform fmt` has formatted: blocks begin and end in the first column, arguments in the
# third, and what belongs to an argument stands deeper or closes it.
_BLOCK: Final = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_ARGUMENT: Final = re.compile(
    r"^  (type|default|description|ephemeral)\s+= (.*?)(?=^  [a-z]|^$|\Z)", re.MULTILINE | re.DOTALL
)
_COMMENT: Final = re.compile(r"\s*(#|//).*$", re.MULTILINE)


class Declared(NamedTuple):
    """A variable or an output, in Terraform's own words."""

    name: str
    type: str
    default: str | None
    description: str
    ephemeral: bool


def declared(kind: str, source: str) -> list[Declared]:
    """Return the variables or outputs (`kind`) of a file, in their order."""
    found = []
    for block in _BLOCK.finditer(source):
        if block[1] == kind:
            given = {name: text.strip() for name, text in _ARGUMENT.findall(block[3])}
            description = given.get("description", "").strip('"').replace('\\"', '"')
            value = None if "default" not in given else _line(given["default"])
            ephemeral = given.get("ephemeral") == "true"
            type_ = _line(_COMMENT.sub("", given.get("type", "")))
            found.append(Declared(block[2], type_, value, description, ephemeral))
    return found


def tables(module: Path) -> str:
    """Return the inputs and outputs of a module as Markdown, between the two marks."""
    inputs = declared("variable", (module / "variables.tf").read_text())
    outputs = declared("output", (module / "outputs.tf").read_text())
    lines = [BEGIN, "", "| input | type | default | |", "|---|---|---|---|"]
    lines += [_input(each) for each in inputs]
    lines += ["", "| output | |", "|---|---|"]
    lines += [f"| `{each.name}` | {_cell(each.description)} |" for each in outputs]
    return "\n".join([*lines, "", END])


def with_tables(module: Path) -> str:
    """Return a module's README with the tables of today.

    Raises:
        ValueError: It has no marks for them.
    """
    readme = (module / "README.md").read_text()
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        message = f"{module.name}/README.md lacks {BEGIN} and {END}"
        raise ValueError(message)
    before, rest = readme.split(BEGIN)
    return before + tables(module) + rest.split(END)[1]


def modules() -> list[Path]:
    """Return the folders of all modules."""
    return sorted(path.parent for path in MODULES.glob("*/variables.tf"))


def _input(variable: Declared) -> str:
    default = "" if variable.default is None else f"`{variable.default}`"
    described = f"{variable.description} Ephemeral." if variable.ephemeral else variable.description
    return f"| `{variable.name}` | `{variable.type}` | {default} | {_cell(described)} |"


def _line(text: str) -> str:
    """Return an argument on one line."""
    line = " ".join(text.split())
    joined = re.sub(r"([({\[]) ?(?=[)}\]])", r"\1", line)
    return re.sub(r"(?<![,({\[]) (\w+ += )", r", \1", joined) if line.startswith(_NESTED) else line


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_NESTED: Final = ("object", "map(object", "optional(object", "list(object", "set(object", "{")


if __name__ == "__main__":
    for _module in modules():
        (_module / "README.md").write_text(with_tables(_module))
    sys.stdout.write(f"{len(modules())} modules\n")
