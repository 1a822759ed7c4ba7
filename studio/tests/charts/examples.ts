/** The charts of everything in `examples/`, as the package of this checkout compiles them. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Chart } from '../../src/model/chart';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PRINT = `
import json, pathlib, sys
from statehold.cli.offering import load_offered
from statehold.cli.targets import chart_of, load_machines_or_charts
from statehold.errors import StateholdError
charts = []
for path in sorted(pathlib.Path("examples").rglob("*")):
    if path.suffix == ".yaml":
        target = str(path)
    elif path.suffix == ".py" and not path.name.startswith(("_", "test_", "conftest")):
        target = ".".join(path.with_suffix("").parts)
    else:
        continue
    try:
        machines = load_machines_or_charts(target, load_offered(()))
    except StateholdError as error:
        if "defines no machine" not in str(error):
            raise
        continue
    charts += [[target, json.loads(chart_of(machine).to_json())] for machine in machines]
json.dump(charts, sys.stdout)
`;

export function examples(): [string, Chart][] {
  const python = process.env['PYTHON'] ?? `${ROOT}/.venv/bin/python`;
  const told = execFileSync(python, ['-c', PRINT], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return (JSON.parse(told) as [string, Chart][]).map(([target, chart]) => [
    `${target}, ${chart.name}`,
    chart,
  ]);
}
