// Judges what the suite found in a cell, alone and beside the direct run.

const bad = (check) => !['SUCCESS', 'INFO', 'SKIPPED'].includes(check.status);

function successes(checks) {
  const counts = new Map();
  for (const { id, status } of checks) if (status === 'SUCCESS') counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

// Checks that succeed directly and don't here, whatever else became of them.
function lostChecks(here, direct) {
  const found = successes(here);
  return [...successes(direct)].filter(([id, count]) => (found.get(id) ?? 0) < count).map(([id]) => id);
}

const failedChecks = (checks) => [...new Set(checks.filter(bad).map(({ id }) => id))];

/**
 * Judges one scenario: { bad: checks that failed or warn, lost: ids of checks that only the direct run passed, excused: those of
 * them that `expected` names, unneeded: what it names in vain }. Where there is no direct run, what failed counts as lost.
 */
export function judge(checks, direct, expected) {
  const lost = direct === undefined ? failedChecks(checks) : lostChecks(checks, direct);
  const named = new Set(expected.map(({ check }) => check));
  return {
    bad: checks.filter((check) => bad(check) && !named.has(check.id)),
    lost: lost.filter((id) => !named.has(id)),
    excused: lost.filter((id) => named.has(id)),
    unneeded: [...named].filter((id) => !lost.includes(id)),
  };
}

export const holds = ({ bad, lost, unneeded }) => bad.length + lost.length + unneeded.length === 0;

/** The entries of `expected` that speak of this scenario of this cell. */
export function expectedIn(expected, cell, scenario) {
  return expected.filter((entry) => entry.cells.includes(cell) && entry.scenario === scenario);
}

/** One line for everything that is wrong with a scenario. */
export function complaints(verdict, checks) {
  const reason = (id) => {
    const check = checks.find((one) => one.id === id && bad(one)) ?? checks.find((one) => one.id === id);
    return check === undefined ? 'missing' : `${check.status} ${describe(check)}`;
  };
  const lines = new Map();
  for (const check of verdict.bad) lines.set(check.id, `${check.id}: ${check.status} ${describe(check)}`);
  for (const id of verdict.lost) if (!lines.has(id)) lines.set(id, `${id}: lost, ${reason(id)}`);
  for (const id of verdict.unneeded) lines.set(id, `${id}: expected to be lost, and is not`);
  return [...lines.values()];
}

const describe = ({ errorMessage, details }) => {
  const text = errorMessage ?? (details === undefined ? '' : JSON.stringify(details));
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
};
