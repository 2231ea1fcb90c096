import Sequencer from '@jest/test-sequencer';

/**
 * Spec files that take longest, the longest first. Where jest has no times of an earlier run, as on a fresh machine, it begins with
 * the largest files, and one core waits at the end for a file that is small and takes minutes.
 */
const FIRST = [
  'test/simulation/simulation',
  'test/simulation/mutations',
  'test/api/list-plans',
  'test/race/takeover',
  'test/first-hour/commands',
  'test/first-hour/start',
  'test/property/laws',
  'test/property/renderings',
  'test/rebuild/rebuild',
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
