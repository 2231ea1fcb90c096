import { aboutOf, latestRuns } from '../reconcile/run-log.js';
import type { Command } from './command.js';

const SHOWN_MAX = 20;

export const runsCommand: Command = {
  help: `Lists the latest runs against Stripe, their purpose and their progress.

  --json              print each run as a line of JSON
`,
  options: { json: { type: 'boolean' } },
  run: async ({ values }, { parts: { store }, print }) => {
    const runs = await latestRuns(store, { max: SHOWN_MAX });
    for (const run of runs) {
      const { id, standing } = run;
      const { kind, livemode, at } = aboutOf(run);
      const account = run.started?.account ?? 'not started yet';
      if (values['json'] === true)
        print(JSON.stringify({ id, ...aboutOf(run), step: standing.step, state: standing.state }));
      else
        print(
          `${id}  ${kind.padEnd(9)} ${account} ${livemode ? 'live' : 'test'}  ${new Date(at * 1_000).toISOString()}  ${standing.step}`,
        );
    }
    if (runs.length === 0 && values['json'] !== true) print('There are no runs. "backfill" starts one.');
    return 0;
  },
};
