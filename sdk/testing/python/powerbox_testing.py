"""Scenarios of a Powerbox plugin from pytest or unittest: what there is, what is run, and what must come of it.

    from powerbox_testing import scenario

    def test_names_are_counted():
        report = scenario("dist/count.wasm", {
            "names": {"notes": {"todo": {"text": "dig"}}},
            "step": [{"run": "count notes", "output": "1 name"}],
        })
        report.assert_good()

The keys are those of the scenario files that `powerbox plugin test` runs, and so is all that happens: this only calls
that program, which is `powerbox` on the search path, or what the variable POWERBOX names.
"""

import json
import os
import subprocess


class Report:
    """What came of a scenario: `steps`, each with `text`, `json`, `status`, `calls`, `denied`, `mismatches`."""

    def __init__(self, steps):
        self.steps = steps

    def assert_good(self):
        """Fails with all differences if something is not as it must be."""
        lines = [
            f"{step['what']}: {one['of']}: expected {one['expected']}; found {one['found']}"
            for step in self.steps
            for one in step["mismatches"]
        ]
        assert not lines, "\n".join(lines)


def scenario(component, description):
    """Runs a scenario with a component, or with a project's folder, which is built first; gives its report."""
    program = os.environ.get("POWERBOX") or "powerbox"
    ran = subprocess.run(
        [program, "plugin", "test", str(component), "--scenario", "-", "--json"],
        input=json.dumps(description),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(ran.stdout)
    except ValueError:
        raise RuntimeError(f"the scenario was not run: {ran.stderr.strip() or ran.stdout.strip()}") from None
    return Report(answer["scenarios"][0]["report"]["steps"])
