"""`poe client <folder>`: a typed Python client of /v1, generated from docs/api/openapi.json."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tally_testing.contract.change import Node
from tally_testing.contract.snapshot import SNAPSHOT


def generate(folder: Path) -> None:
    """Write the package `tally_client` into a folder, over one that is there.

    Raises:
        CalledProcessError: The generator does not understand all of the contract.
    """
    with TemporaryDirectory() as directory:
        document = Path(directory, "openapi.json")
        document.write_text(json.dumps(_understood(json.loads(SNAPSHOT.read_bytes()))), "utf-8")
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
        source = ["--path", str(document), "--config", str(SNAPSHOT.with_name("client.yaml"))]
        target = ["--meta", "none", "--overwrite", "--output-path", str(folder / "tally_client")]
        subprocess.run([*command, *source, *target], check=True)


def _understood(document: Node) -> Node:
    """Leave out what the generator takes for the same: a file as NDJSON and one as CSV."""
    content = document["paths"]["/orders:import"]["post"]["requestBody"]["content"]
    del content["text/csv"]
    content["application/x-ndjson"]["schema"]["format"] = "binary"
    return document


if __name__ == "__main__":
    generate(Path(*sys.argv[1:]))
