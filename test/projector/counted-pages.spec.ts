import { describe, expect, it } from '@jest/globals';
import type { ReadEvent } from '../../src/folding/facts.js';
import type { EventReader } from '../../src/projector/ports.js';
import { Refold } from '../../src/projector/refold.js';
import { countedPages } from '../../src/projector/stream-reading.js';

const MIB = 1024 * 1024;
const STREAM = 'subscription-sub_1';

/** Small events followed by large ones. */
function reading(small: number, large: number): { reader: EventReader; open: () => number } {
  let open = 0;
  const eventAt = (at: number): ReadEvent => ({
    ...{ eventId: `evt_${at}`, stream: STREAM, revision: BigInt(at), position: BigInt(at), type: 'test' },
    ...{ recordedAt: new Date(0), metadata: null, content: { kind: 'nothing' }, bytes: at < small ? 100 : MIB },
  });
  return {
    open: () => open,
    reader: {
      readStream: async function* (_, { from, max = Infinity }) {
        open += 1;
        for (let at = Number(from); at < small + large && at < Number(from) + max; at += 1) yield eventAt(at);
        open -= 1;
      },
    },
  };
}
const models = { findEvents: async () => new Map(), lastFolded: async () => -1n };

describe('a stream that is read whole', () => {
  it('comes in pages of bounded bytes, whatever its events were before', async () => {
    const { reader, open } = reading(1_000, 400);
    const [revisions, pages]: [bigint[], number[]] = [[], []];
    for await (const page of countedPages(reader, models, STREAM, { upTo: 1_390n })) {
      revisions.push(page.first, page.last);
      pages.push(page.bytes);
      expect(page.read).toBe(Number(page.last - page.first) + 1);
    }
    expect(Math.max(...pages)).toBeLessThanOrEqual(17 * MIB);
    expect([revisions[0], revisions.at(-1)]).toEqual([0n, 1_390n]);
    for (let at = 2; at < revisions.length; at += 2) expect(revisions[at]).toBe((revisions[at - 1] ?? 0n) + 1n);
    expect(open()).toBe(0);
  });

  it('is left to be read beside the batches where it has too many bytes, and what was begun is read to its end', async () => {
    const { reader, open } = reading(0, 60);
    const refold = await Refold.begin({ reader, models, pageEvents: 500 }, STREAM, []);
    expect(await refold.foldTo(100n, { max: 250 })).toBe(false);
    expect(open()).toBe(0);
    const other = await Refold.begin({ reader, models, pageEvents: 500 }, STREAM, []);
    expect(await other.foldTo(100n)).toBe(true);
  });
});
