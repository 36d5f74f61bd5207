"""Terraform without a cloud, and without a registry where the providers lie beside the checkout."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[4]
MODULES: Final = ROOT / "terraform" / "modules"
ENVIRONMENTS: Final = ROOT / "terraform" / "environments"
# What the modules read, themselves included.
_READ: Final = ("terraform", "dags", "build")
_MIRROR: Final = Path("shared") / "terraform-plugins"
_CONFIGURATION: Final = """provider_installation {{
  filesystem_mirror {{
    path = "{}"
  }}
}}
"""


def configurations() -> list[Path]:
    """Return the folder of every module and environment, relative to `terraform/`."""
    found = [*MODULES.glob("*/main.tf"), *ENVIRONMENTS.glob("*/main.tf")]
    return sorted(path.parent.relative_to(ROOT / "terraform") for path in found)


class Terraform:
    """Runs in a copy of the tree, so that nothing is left in the checkout.

    Args:
        directory: An empty one, for the copy.
    """

    def __init__(self, directory: Path) -> None:
        for name in _READ:
            if (ROOT / name).exists():
                ignored = shutil.ignore_patterns(".terraform*", "__pycache__")
                shutil.copytree(ROOT / name, directory / name, ignore=ignored)
        self.tree: Final = directory / "terraform"
        self._environment = {**os.environ, **_providers(directory), "TF_IN_AUTOMATION": "1"}
        self._ready: set[Path] = set()

    def run(self, configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Terraform's in a module or environment, relative to `terraform/`.

        Raises:
            AssertionError: It cannot be initialised: the message is Terraform's.
        """
        if configuration not in self._ready:
            made = self._run(configuration, "init", "-backend=false", "-input=false", "-no-color")
            assert made.returncode == 0, made.stdout + made.stderr
            self._ready.add(configuration)
        return self._run(configuration, *arguments)

    def _run(self, configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.tree / configuration,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )


def missing(terraform: Terraform) -> str | None:
    """Return why Terraform cannot have its providers here; None if it can.

    Raises:
        FileNotFoundError: There is no terraform, which is no reason to leave tests out.
    """
    try:
        terraform.run(Path("modules") / "storage", "version")
    except AssertionError as error:
        if "Failed to query available provider packages" in str(error):
            return "there is no registry to take providers from, nor are they beside the checkout"
        raise
    return None


def _providers(directory: Path) -> Mapping[str, str]:
    """Return the environment in which Terraform finds its providers.

    In the usual way, or as TF_CLI_CONFIG_FILE says, but for a checkout beside which they lie.
    """
    mirrors = [parent / _MIRROR for parent in ROOT.parents if (parent / _MIRROR).is_dir()]
    if Path(os.environ.get("TF_CLI_CONFIG_FILE", "")).is_file() or not mirrors:
        return {}
    file = directory / "terraformrc"
    file.write_text(_CONFIGURATION.format(mirrors[0]))
    return {"TF_CLI_CONFIG_FILE": str(file)}
