import Sequencer from '@jest/test-sequencer';

/**
 * The slowest spec files, slowest first. Without times of an earlier run, jest starts with the largest files, and at
 * the end all cores but one would wait for a small file that takes minutes.
 */
const FIRST = [
  'test/simulation/simulation',
  'test/race/takeover',
  'test/reconcile/backfill',
  'test/console/browser',
  'test/access-changes/chaos',
  'test/crash/rebuild',
  'test/cases/cases',
  'test/rebuild/rebuild',
  'test/projector/projector',
  'test/deriving/derived-rebuild',
  'test/property/observations',
  'test/reconcile/reconcile',
  'test/access-changes/push',
  'test/operations/operations',
  'test/api/as-of',
  'test/catch-up/log-reading',
  'test/data-directory/start',
  'test/eventstore/once',
];

export default class extends Sequencer {
  /** @param {readonly import('@jest/test-result').Test[]} tests */
  sort(tests) {
    const placeOf = ({ path }) => {
      const place = FIRST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`${name}.spec.ts`));
      return place < 0 ? FIRST.length : place;
    };
    return [...super.sort(tests)].sort((a, b) => placeOf(a) - placeOf(b));
  }
}
