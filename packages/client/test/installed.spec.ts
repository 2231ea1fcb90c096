/** The packed package in an empty folder, as users install it: types, ES modules, CommonJS, and a real ledger. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { record } from '../../../src/access-changes/change-log.js';
import type { Decision } from '../../../src/access-changes/change.js';
import { connectEventStore } from '../../../src/eventstore/event-store.js';
import { deliver, READ_TOKEN } from '../../../test/support/delivery.js';
import { startLedger, type TestLedger } from '../../../test/support/ledger.js';
import { scratchFolder } from '../../../test/support/scratch.js';
import { randomId, subscriptionEvent, subscriptionObject } from '../../../test/support/subscription-events.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DEPENDENCIES = [
  ...['openapi-fetch', 'openapi-typescript-helpers'],
  ...['standardwebhooks', '@stablelib/base64', 'fast-sha256'],
];
const OUT_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const subscription = randomId('sub');
const user = randomId('user');

/** A user's program; each `@ts-expect-error` marks a call that the types must reject. */
const program = `
async function main(): Promise<void> {
  const [url = '', token = '', customer = '', user = '', nobody = '', body = '', headers = '', secret = ''] = process.argv.slice(2);
  const ledger: Ledger = createLedger({ url, token });
  const failure = async (ask: Promise<boolean>): Promise<string> =>
    ask.then((answer) => 'answers ' + String(answer), (error: unknown) => {
      if (error instanceof LedgerProblem) return [error.name, error.code, error.status, error instanceof LedgerError].join(' ');
      return error instanceof Error ? error.name : 'no error';
    });
  const answer: Access = await ledger.access({ customer });
  const heard: string[] = [];
  for await (const change of ledger.accessChanges({ after: null })) {
    heard.push(change.customer);
    if (change.customer === customer) break;
  }
  const pushed = (secret: string): string => {
    try {
      const change: AccessChange = verifyAccessChange(body, JSON.parse(headers), secret);
      return change.customer + ' ' + change.now.granted;
    } catch (error) {
      return error instanceof UnverifiedChange ? error.name : 'another error';
    }
  };
  const { data, error } = await ledger.api.GET('/v1/subscriptions/{id}', { params: { path: { id: 'sub_of_nobody' } } });
  const status: string | undefined = data?.status;
  const invoice = (one: Invoice): number => one.amountDueMinor;
  const refused = [
    // @ts-expect-error
    () => ledger.hasAccess({}),
    // @ts-expect-error
    () => ledger.hasAccess({ customer: 'cus_1', email: 'ada@example.com' }),
    // @ts-expect-error
    () => ledger.hasAccess({ customer: 'cus_1', product: 'prod_1', entitlement: 'pro' }),
    // @ts-expect-error
    () => ledger.hasAccess({ user: 'cus_1' }),
    // @ts-expect-error
    () => ledger.accessChanges({}),
    // @ts-expect-error
    () => verifyAccessChange({ parsed: true }, {}, 'whsec_'),
    // @ts-expect-error
    () => ledger.api.GET('/v1/nothing'),
  ];
  console.log(JSON.stringify({
    customer: await ledger.hasAccess({ customer }),
    reference: await ledger.hasAccess({ reference: user }),
    otherProduct: await ledger.hasAccess({ customer, product: 'prod_other' }),
    nobody: await ledger.hasAccess({ customer: nobody }),
    until: answer.until,
    missing: [status, error?.code, invoice.length, refused.length],
    wrongToken: await failure(createLedger({ url, token: 'wrong' }).hasAccess({ customer })),
    nowhere: await failure(createLedger({ url: 'http://127.0.0.1:1', token }).hasAccess({ customer })),
    heard: heard.includes(customer),
    pushed: [pushed(secret), pushed('whsec_' + 'A'.repeat(44))],
    noProduct: await failure(ledger.hasAccess({ customer, product: '' })),
  }));
}
void main();
`;
const names =
  'createLedger, LedgerError, LedgerProblem, UnverifiedChange, verifyAccessChange, type Access, type AccessChange, type Invoice, type Ledger';
const projects = {
  module: `import { ${names} } from '@subscription-ledger/client';\n${program}`,
  commonjs: `import { ${names} } from '@subscription-ledger/client';\nvoid module;\n${program}`,
};

const decision = {
  customer: `cus_of_${subscription}`,
  reference: user,
  revision: 0,
  before: { granted: false, products: [], entitlements: [] },
  now: { granted: true, products: [], entitlements: [] } as unknown as Decision['now'],
  because: { kind: 'time' },
  decidedAt: new Date().toISOString(),
} as const satisfies Decision;
/** A change as the ledger pushes it. */
const CHANGE = { id: 'a-change', type: 'customer.access_changed', position: '1', ...decision };
const signedHeaders = (now = new Date()) => ({
  'webhook-id': CHANGE.id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
  'webhook-signature': new Webhook(OUT_SECRET).sign(CHANGE.id, now, JSON.stringify(CHANGE)),
});

let ledger: TestLedger;
let scratch: Awaited<ReturnType<typeof scratchFolder>>;
const tarballs: string[] = [];
beforeAll(async () => {
  [ledger, scratch] = await Promise.all([
    startLedger({ environment: { REFERENCE_METADATA: 'user_id' } }),
    scratchFolder(),
  ]);
  const { items } = subscriptionObject(subscription);
  const [item] = items.data;
  const object = {
    metadata: { user_id: user },
    items: { ...items, data: [{ ...item, current_period_end: 4_000_000_000 }] },
  };
  await deliver(ledger.url, JSON.stringify(subscriptionEvent(subscription, { object })));
  const store = connectEventStore(ledger.eventstoreUrl);
  await record(store, decision, 'change');
  await store.close();
  const built = join(scratch.path, 'built');
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-client.mjs'), built]);
  // Its dependencies come from this checkout, so that no registry is needed.
  for (const folder of [built, ...DEPENDENCIES.map((name) => join(ROOT, 'node_modules', name))]) {
    const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', folder], {
      cwd: scratch.path,
      encoding: 'utf8',
    });
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    tarballs.push(join(scratch.path, filename));
  }
}, 120_000);
afterAll(async () => {
  await ledger.stop();
  await scratch.remove();
});

describe('the installed package', () => {
  it.each(['module', 'commonjs'] as const)(
    'is typed and answers in a project of type %s',
    async (type) => {
      const project = join(scratch.path, type);
      mkdirSync(project);
      const compilerOptions = {
        target: 'ES2022',
        module: 'NodeNext',
        strict: true,
        exactOptionalPropertyTypes: true,
        typeRoots: [join(ROOT, 'node_modules/@types')],
        types: ['node'],
      };
      writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type }));
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      writeFileSync(join(project, 'user.ts'), projects[type]);
      const run = async (command: string, ...args: readonly string[]): Promise<string> => {
        try {
          return (await promisify(execFile)(command, [...args], { cwd: project })).stdout;
        } catch (error) {
          throw new Error(`${command} ${args.join(' ')}: ${JSON.stringify(error)}`, { cause: error });
        }
      };
      await run('npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
      await run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'));
      const answers = await run(
        ...([
          process.execPath,
          'user.js',
          ledger.url,
          READ_TOKEN,
          `cus_of_${subscription}`,
          user,
          'cus_nobody',
          JSON.stringify(CHANGE),
          JSON.stringify(signedHeaders()),
          OUT_SECRET,
        ] as const),
      );
      expect(JSON.parse(answers)).toEqual({
        customer: true,
        reference: true,
        otherProduct: false,
        nobody: false,
        until: expect.stringMatching(/^20/),
        heard: true,
        pushed: [`cus_of_${subscription} true`, 'UnverifiedChange'],
        missing: [null, 'not_found', 1, 7],
        wrongToken: 'LedgerProblem unauthenticated 401 true',
        nowhere: 'LedgerUnreachable',
        noProduct: 'TypeError',
      });
    },
    60_000,
  );

  it('has the version and the licence of the ledger, and the client that is tested', () => {
    const manifest = (folder: string) =>
      JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    const own = manifest(join(ROOT, 'packages/client'));
    const root = manifest(ROOT);
    expect([own['version'], own['license'], own['engines']]).toEqual([
      root['version'],
      root['license'],
      root['engines'],
    ]);
    expect(own['dependencies']).toEqual({
      'openapi-fetch': root['devDependencies']?.['openapi-fetch'],
      standardwebhooks: root['dependencies']?.['standardwebhooks'],
    });
  });
});
