import { describe, expect, it } from '@jest/globals';
import { NO_STREAM } from '@eventstore/db-client';
import { derivations } from '../../derivations/index.js';
import { projections } from '../../projections/index.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { CatchUp } from '../../src/catch-up/catch-up.js';
import { Deriver } from '../../src/deriving/deriver.js';
import type { Finding } from '../../src/catch-up/verify.js';
import type { Context } from '../../src/cli/command.js';
import { verifyCommand } from '../../src/cli/verify.command.js';
import { tableOf } from '../../src/read-models/schema.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { startLedger } from '../support/ledger.js';
import { findingsOf, runCommand } from '../support/ledger-command.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/** Keys of wrong rows of these streams. On a shared store other specs delete streams meanwhile. */
const differencesOf = (output: string, streams: readonly string[]) =>
  findingsOf(output, 'difference')
    .filter(({ stream }) => streams.includes(stream))
    .map(({ key }) => key);

describe('the slow check of rows', () => {
  it('names a row that differs from what its stream gives, and one that no stream gives, but no correct ones', async () => {
    const [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
    const store = connectEventStore(eventStore.url);
    const database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
    const id = randomId('sub');
    await store.appends.appendToStream(`subscription-${id}`, appendedEvent(subscriptionEvent(id)), {
      expectedRevision: NO_STREAM,
    });

    const [faults, folds] = [new Set<string>(), { count: 0 }];
    const catchUp = new CatchUp(store, database, {
      projections,
      deriver: new Deriver({ projections, derivations: [], policy: {} }),
      verifyEveryMs: 20,
      intakeIsBusy: () => false,
      build: async () => ({ kind: 'stopped' }),
      observer: {
        stateChanged: () => undefined,
        batchApplied: () => undefined,
        buildEnded: () => undefined,
        warned: () => undefined,
        verified: (count, found) => {
          folds.count += count;
          for (const fault of found.examples.filter((one) => one.includes(id))) faults.add(fault);
        },
      },
    });
    catchUp.start();
    await until('some streams are verified', async () => folds.count > projections.length);
    expect([...faults]).toEqual([]);
    await query(server.url, `update ledger.subscriptions set status = 'paused' where id = $1`, [id]);
    await until('the row is found wrong', async () => {
      // Streams are sampled by their events, and a shared log has many other streams.
      await query(server.url, 'delete from ledger.event_index_v3 where stream <> $1', [`subscription-${id}`]);
      return faults.size > 0;
    });
    expect([...faults]).toEqual([
      `a row of subscriptions, {"id":"${id}"}, differs from the fold of subscription-${id}`,
    ]);
    await catchUp.stop();

    const stray = { id: 'sub_stray', stream: 'subscription-sub_stray' };
    const table = tableOf({ projection: subscriptions, generation: 1 }, 'subscriptions');
    await query(
      server.url,
      `insert into ${table} select (jsonb_populate_record(row, $1)).* from ${table} row where id = $2`,
      [JSON.stringify(stray), id],
    );
    const { code, output } = await runCommand(['verify', '--json'], {
      eventstoreUrl: eventStore.url,
      databaseUrl: server.url,
    });
    expect([code, differencesOf(output, [`subscription-${id}`, stray.stream])]).toEqual([
      1,
      [{ id }, { id: stray.id }],
    ]);
    await Promise.all([store.close(), database.close()]);
    await Promise.all([eventStore.stop(), server.stop()]);
  });
});

describe('the command "verify"', () => {
  const STREAMS = 250;

  it('prints its findings page by page, and holds at most one page of them', async () => {
    const [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
    const store = connectEventStore(eventStore.url);
    const database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
    const ids = Array.from({ length: STREAMS }, () => randomId('sub'));
    await Promise.all(
      ids.map((id) =>
        store.appends.appendToStream(
          `subscription-${id}`,
          [appendedEvent(subscriptionEvent(id)), appendedEvent(subscriptionEvent(id, { created: START + 1 }))],
          { expectedRevision: NO_STREAM },
        ),
      ),
    );
    const ledger = await startLedger({ eventStore, database: server });
    await until('the read models are made', async () => (await fetch(`${ledger.url}/health/ready/reads`)).ok);
    await until(
      'all are projected',
      async () =>
        (await query(server.url, 'select id from ledger.subscriptions where id = any($1)', [ids])).length === STREAMS,
    );
    await ledger.stop();
    await query(server.url, `update ledger.subscriptions set status = 'paused' where id = any($1)`, [ids]);
    // A stream is verified even if its first event is missing from the index, as when that is a repeat.
    await query(server.url, 'delete from ledger.event_index_v3 where stream = $1 and revision = 0', [
      `subscription-${ids[0]}`,
    ]);

    const pages: string[][] = [[]];
    const context: Context = {
      parts: { store, database, projections, deriver: new Deriver({ projections, derivations, policy: {} }) },
      signal: new AbortController().signal,
      report: () => undefined,
      print: (text) => {
        const finding = JSON.parse(text) as Finding | { kind: 'counts' };
        if (finding.kind === 'difference' && ids.includes(String(finding.key['id'])))
          pages.at(-1)?.push(String(finding.key['id']));
      },
      printed: async () => void pages.push([]),
    };
    expect(await verifyCommand.run({ names: ['subscriptions'], values: { json: true } }, context)).toBe(1);
    expect(pages.flat().sort()).toEqual([...ids].sort());
    expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(100);
    await Promise.all([store.close(), database.close()]);
    await Promise.all([eventStore.stop(), server.stop()]);
  }, 60_000);
});
