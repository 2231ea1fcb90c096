import { describe, expect, it } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_ACCESS_POLICY } from '../../src/access/policy.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { ConfigError, loadConfig, loadMoneyPolicy } from '../../src/config/config.js';
import { variablesOf } from '../../src/config/money.js';
import { withLocalSecrets } from '../../src/local-secrets.js';
import { temporaryDirectory } from '../support/servers.js';

/** In Stripe's format: whsec_ and 32 characters. */
const SECRETS = [
  'whsec_0123456789abcdefghijklmnopqrstuv',
  'whsec_abcdefghijklmnopqrstuv0123456789',
  'whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVg==',
] as const;
const PRODUCTION = {
  NODE_ENV: 'production',
  STRIPE_WEBHOOK_SECRETS: `main=${SECRETS[0]}`,
  API_TOKENS: 'read=0123456789abcdef',
};

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It did not throw.');
}

describe('the configuration', () => {
  it('needs nothing for a local run', () => {
    expect(loadConfig({})).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 3000,
      dataDirectory: 'data',
      eventstoreUrl: 'embedded',
      databaseUrl: 'embedded',
      webhookSecrets: [],
      apiTokens: [],
    });
  });

  it('accepts several secrets, for rotation and for several endpoints, and tokens with names and scopes', () => {
    const [main, connect, third] = SECRETS;
    expect(
      loadConfig({
        ...PRODUCTION,
        STRIPE_WEBHOOK_SECRETS: `main=${main}, connect=${connect},${third}`,
        API_TOKENS:
          'read=0123456789abcdef,read+admin=fedcba9876543210 0123456789abcdefghij,support:access=a:token=of-support,ops:admin=0123456789abcdef==',
      }),
    ).toMatchObject({
      webhookSecrets: [
        { label: 'main', secret: main },
        { label: 'connect', secret: connect },
        { label: 'default', secret: third },
      ],
      apiTokens: [
        { token: '0123456789abcdef', name: null, scopes: ['read'] },
        { token: 'fedcba9876543210', name: null, scopes: ['read', 'admin'] },
        { token: '0123456789abcdefghij', name: null, scopes: ['read'] },
        { token: 'a:token=of-support', name: 'support', scopes: ['access'] },
        { token: '0123456789abcdef==', name: 'ops', scopes: ['admin'] },
      ],
    });
  });

  it('has all roles by default, and requires only what they need', () => {
    expect(loadConfig({}).roles).toEqual(['ingest', 'project', 'api']);
    expect(loadConfig({ ...PRODUCTION, ROLES: 'api, project', STRIPE_WEBHOOK_SECRETS: '' })).toMatchObject({
      roles: ['api', 'project'],
      webhookSecrets: [],
    });
  });

  it('has a policy of money, whose parts can be set separately', () => {
    expect(loadConfig({}).money).toEqual(defaultPolicy);
    const set = { MONEY_ZONE: 'Europe/Berlin', MONEY_CATCH_UP: 'no', MRR_CHURNS: 'cancel', MRR_PAST_DUE_DAYS: '30' };
    const { money } = loadConfig(set);
    expect(money).toEqual({
      ...defaultPolicy,
      zone: 'Europe/Berlin',
      catchUp: 'no',
      mrrChurns: 'cancel',
      mrrPastDueDays: 30,
    });
    expect(variablesOf(money)).toEqual({ ...set, MRR_PAST_DUE_DAYS: 30 });
    expect(loadMoneyPolicy(set)).toEqual(money);
    const mistakes = { MONEY_ZONE: 'Berlin', MONEY_RECOVERY: 'gain', MRR_GROUP_MINUTES: '1.5' };
    for (const [name, value] of Object.entries(mistakes))
      expect(messageOf(() => loadConfig({ [name]: value }))).toContain(`${name}: must be`);
  });

  it('has a policy of access, whose parts can be set separately', () => {
    expect(loadConfig({}).access).toEqual(DEFAULT_ACCESS_POLICY);
    expect(loadConfig({ ACCESS_GRACE_DAYS: 'past_due=14, paused=3' }).access).toEqual({
      ...DEFAULT_ACCESS_POLICY,
      graceDays: { past_due: 14, unpaid: 0, paused: 3, incomplete: 0 },
    });
    expect(
      loadConfig({
        ACCESS_TRIALING: 'no',
        ACCESS_RENEWAL_GRACE_HOURS: '0',
        ACCESS_PAUSE_COLLECTION_DENIES: 'none',
        ACCESS_CANCELED_UNTIL_PERIOD_END: 'yes',
        ACCESS_WHILE_RETRIED: 'yes',
        ACCESS_UNPAID_UPGRADE_GRACE: 'yes',
        ACCESS_TRIAL_UNPAID_GRACE: 'yes',
        ACCESS_GIVEN_BACK_DENIES: 'open_disputes, refunds',
        ACCESS_PAID_AFTER_END: 'yes',
      }).access,
    ).toEqual({
      trialing: false,
      graceDays: DEFAULT_ACCESS_POLICY.graceDays,
      renewalGraceHours: 0,
      pauseCollectionDenies: [],
      canceledUntilPeriodEnd: true,
      whileRetried: true,
      unpaidUpgradeGrace: true,
      trialUnpaidGrace: true,
      givenBackDenies: ['open_disputes', 'refunds'],
      paidAfterEnd: true,
    });
    expect(loadConfig({ ACCESS_PAUSE_COLLECTION_DENIES: 'void keep_as_draft' }).access.pauseCollectionDenies).toEqual([
      'void',
      'keep_as_draft',
    ]);
  });

  it('queries Stripe automatically where there is a key, unless roles are named', () => {
    const key = { STRIPE_API_KEYS: 'main=rk_test_0123456789abcdef' };
    expect(loadConfig(key).roles).toEqual(['ingest', 'project', 'api', 'reconcile']);
    expect(loadConfig({}).roles).toEqual(['ingest', 'project', 'api']);
    expect(loadConfig({ ...key, ROLES: 'api' }).roles).toEqual(['api']);
  });

  it.each([
    ['a role without what it needs', { ROLES: 'reconcile' }, /STRIPE_API_KEYS: required for the role reconcile/],
    ['a role that does not exist', { ROLES: 'ingest,write' }, /ROLES.*must be a list of ingest, project, api/],
    ['no role at all', { ROLES: ',' }, /ROLES/],
    ['grace for a status that has none', { ACCESS_GRACE_DAYS: 'canceled=7' }, /ACCESS_GRACE_DAYS.*past_due, unpaid/],
    ['grace that is no number of days', { ACCESS_GRACE_DAYS: 'past_due=soon' }, /ACCESS_GRACE_DAYS.*number/],
    [
      'a way to pause collection that Stripe does not know',
      { ACCESS_PAUSE_COLLECTION_DENIES: 'avoid' },
      /ACCESS_PAUSE_COLLECTION_DENIES.*keep_as_draft/,
    ],
    ['an answer that is neither yes nor no', { ACCESS_TRIALING: 'maybe' }, /ACCESS_TRIALING.*"yes"/],
    ['production without secrets', { ...PRODUCTION, STRIPE_WEBHOOK_SECRETS: '' }, /STRIPE_WEBHOOK_SECRETS: required/],
    ['production without tokens', { ...PRODUCTION, API_TOKENS: undefined }, /API_TOKENS: required/],
    ['a body that never fits', { INTAKE_BODIES_BYTES_MAX: '1048576', APPEND_BYTES_MAX: '2097152' }, /INTAKE_BODIES/],
    ['a port that is none', { PORT: 'http' }, /PORT/],
    ['a store that is not EventStoreDB', { EVENTSTORE_URL: 'http://localhost' }, /esdb:\/\//],
    ['an address of Stripe with a path', { STRIPE_API_URL: 'https://api.stripe.com/v1' }, /STRIPE_API_URL.*path/],
    ['a rate beyond Stripe’s', { STRIPE_API_RATE: '101' }, /STRIPE_API_RATE/],
    ['a budget that is none', { STRIPE_API_DAILY: 'much' }, /STRIPE_API_DAILY.*"auto"/],
    ['a connected account that is none', { STRIPE_CONNECTED_ACCOUNTS: 'acct_1,mine' }, /acct_1,acct_2/],
    ['a version that is none', { STRIPE_API_VERSION: 'latest' }, /STRIPE_API_VERSION/],
    ['a database that is not Postgres', { DATABASE_URL: 'mysql://localhost' }, /postgres:\/\//],
  ])('refuses %s and explains what to do', (_name, env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
  });

  const signing = (value: string) => ({ STRIPE_WEBHOOK_SECRETS: `main=${SECRETS[0]},${value}` });
  const tokens = (value: string) => ({ API_TOKENS: `read=0123456789abcdef,${value}` });
  const NO_SECRET = /entry 2 of 2 is not a signing secret.*Copy the whole secret/;
  const NO_SCOPE = /entry 2 of 2 has no known scope/;
  it.each([
    ['a secret key of the API', signing('main=sk_live_51Habcdefghijklmnopqrstuvwx'), NO_SECRET],
    ['a signing secret without its characters', signing('main=whsec_'), NO_SECRET],
    ['the example of the documents', signing('main=whsec_…'), NO_SECRET],
    ['an ellipsis of dots', signing('main=whsec_..................................'), NO_SECRET],
    ['half a signing secret', signing('main=whsec_abcdefghijklmnopqrstuvw'), NO_SECRET],
    ['a signing secret with other characters', signing('main=whsec_abcdefghijklmnopqrstuvwxyz$'), NO_SECRET],
    ['a signing secret for a label', signing('whsec_abcdefghijklmnopqrst=main!'), NO_SECRET],
    ['a publishable key', { STRIPE_API_KEYS: 'rk_test_demo,pk_live_51abcdefgh' }, /entry 2 of 2 is not a key for read/],
    ['a signing secret for a key', { STRIPE_API_KEYS: `rk_test_demo,main=${SECRETS[0]}` }, /entry 2 of 2 is not a key/],
    ['a token that is too short', tokens('read=s3cretToken'), /entry 2 of 2 has a token of fewer than 16 characters/],
    ['a token of which the scope was forgotten', tokens('c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0Cg=='), NO_SCOPE],
    ['a scope that does not exist', tokens('read+write=0123456789abcdef'), NO_SCOPE],
    ['a scope that does not exist, of a token with a name', tokens('support:write=0123456789abcdef'), NO_SCOPE],
    ['a name with other characters', tokens('Customer Support:read=0123456789abcdef'), /entry \d of \d/],
    [
      'a name that is too long',
      tokens(`${'n'.repeat(41)}:read=0123456789abcdef`),
      /has an invalid name before its colon/,
    ],
    ['a token and its scope the wrong way round', tokens('S3cretS3cretS3cret=read'), NO_SCOPE],
  ])('refuses %s, names its place, and repeats nothing of it', (_name, env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
    const [, wrong = ''] = (Object.values(env)[0] as string).split(',');
    const parts = wrong.split(/=|whsec_/).filter((part) => part.length > 5 && !part.startsWith('read'));
    for (const part of parts) expect(messageOf(() => loadConfig(env))).not.toContain(part);
  });

  it('reads secrets from files, whose lines are entries', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'secrets');
    writeFileSync(file, `main=${SECRETS[0]}\nconnect=${SECRETS[1]}\n`);
    writeFileSync(`${file}.url`, 'postgres://ledger:pw@db/ledger\n');
    const { STRIPE_WEBHOOK_SECRETS: _, ...others } = PRODUCTION;
    const config = loadConfig({ ...others, STRIPE_WEBHOOK_SECRETS_FILE: file, DATABASE_URL_FILE: `${file}.url` });
    expect(config.webhookSecrets.map(({ label }) => label)).toEqual(['main', 'connect']);
    expect(config.databaseUrl).toBe('postgres://ledger:pw@db/ledger');
    // A variable set by a file counts as set: a similar name is a warning, as it is next to the variable itself.
    const warned = { ...others, STRIPE_WEBHOOK_SECRETS_FILE: file, STRIPE_WEBHOOK_SECRET: SECRETS[2] };
    expect(loadConfig(warned).warnings).toEqual([expect.stringMatching(/^STRIPE_WEBHOOK_SECRET is not read/)]);
    expect(messageOf(() => loadConfig({ ...PRODUCTION, API_TOKENS_FILE: file }))).toMatch(
      /API_TOKENS_FILE: API_TOKENS is also set/,
    );
    writeFileSync(file, '\n');
    expect(messageOf(() => loadConfig({ API_TOKENS_FILE: file }))).toMatch(/API_TOKENS_FILE: the file is empty/);
    expect(messageOf(() => loadConfig({ API_TOKENS_FILE: directory.path }))).toMatch(/is not a file/);
    await directory.remove();
  });

  it('repeats nothing of a secret given in place of a file name', () => {
    const message = messageOf(() => loadConfig({ STRIPE_WEBHOOK_SECRETS_FILE: SECRETS[0] }));
    expect(message).toMatch(/STRIPE_WEBHOOK_SECRETS_FILE: the file cannot be read \(ENOENT\)/);
    expect(message).not.toContain(SECRETS[0]);
  });

  it('pushes changes of access to endpoints, signed with each secret, which a file may hold', async () => {
    const [old, next] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'secret');
    writeFileSync(file, `${next}\n${old}\n`);
    const outboxOf = (env: Record<string, string>) => loadConfig({ ...PRODUCTION, ...env }).accessChanges.outbox;
    const url = 'https://app.example/hooks/access';
    expect(outboxOf({ WEBHOOK_OUT_APP_URL: url, WEBHOOK_OUT_APP_SECRET: `${next},${old}` }).endpoints).toEqual([
      { name: 'app', url, secrets: [next, old] },
    ]);
    const inFile = { WEBHOOK_OUT_MY_APP_URL: url, WEBHOOK_OUT_MY_APP_SECRET_FILE: file };
    expect(outboxOf(inFile).endpoints).toEqual([{ name: 'my_app', url, secrets: [next, old] }]);
    await directory.remove();
    const mistakes: [Record<string, string>, RegExp][] = [
      [inFile, /WEBHOOK_OUT_MY_APP_SECRET_FILE: the file cannot be read \(ENOENT\)/],
      [{ WEBHOOK_OUT_APP_URL: url }, /WEBHOOK_OUT_APP_SECRET: must be whsec_/],
      [
        { WEBHOOK_OUT_APP_URL: url, WEBHOOK_OUT_APP_SECRET: 'whsec_c2hvcnQ=' },
        /WEBHOOK_OUT_APP_SECRET: must be whsec_/,
      ],
      [{ WEBHOOK_OUT_APP_URL: 'http://app', WEBHOOK_OUT_APP_SECRET: `${old}` }, /WEBHOOK_OUT_APP_URL: .*https/],
      [{ WEBHOOK_OUT_APP_SECRET: `${old}` }, /WEBHOOK_OUT_APP_URL: must be a URL/],
      [{ WEBHOOK_OUT_APP_SECRETS: `${old}` }, /WEBHOOK_OUT_APP_SECRETS: unknown variable/],
      [{ WEBHOOK_OUT_app_URL: url }, /WEBHOOK_OUT_app_URL: unknown variable/],
    ];
    for (const [env, mistake] of mistakes) expect(messageOf(() => outboxOf(env))).toMatch(mistake);
    for (const [env] of mistakes) expect(messageOf(() => outboxOf(env))).not.toContain('whsec_AQEB');
  });

  it('asks Stripe with keys of any account and mode, and without one never', () => {
    expect(loadConfig({}).stripeApi).toEqual({
      keys: [],
      url: 'https://api.stripe.com',
      version: null,
      perSecond: { live: 20, test: 5 },
      perDay: 'auto',
      connected: [],
    });
    const { stripeApi, warnings } = loadConfig({
      ...PRODUCTION,
      STRIPE_API_KEYS: 'main=rk_live_51abcdef, sk_live_51abcdef,demo=rk_test_demo',
      STRIPE_API_VERSION: '2026-09-30.endive',
      STRIPE_API_RATE: '7',
      STRIPE_API_DAILY: '1000',
      STRIPE_CONNECTED_ACCOUNTS: 'acct_1, acct_2',
    });
    expect(stripeApi).toEqual({
      keys: [
        { label: 'main', key: 'rk_live_51abcdef', livemode: true },
        { label: 'default', key: 'sk_live_51abcdef', livemode: true },
        { label: 'demo', key: 'rk_test_demo', livemode: false },
      ],
      url: 'https://api.stripe.com',
      version: '2026-09-30.endive',
      perSecond: { live: 7, test: 7 },
      perDay: 1000,
      connected: ['acct_1', 'acct_2'],
    });
    expect(warnings).toEqual([expect.stringMatching(/^STRIPE_API_KEYS: default is a secret key/)]);
  });

  it('never sends a live key over a network that others can read', () => {
    const live = { STRIPE_API_KEYS: 'rk_live_51abcdef' };
    const simulator = 'http://simulator:12111';
    expect(() => loadConfig({ ...live, STRIPE_API_URL: simulator })).toThrow(/STRIPE_API_URL: must begin with https/);
    for (const url of ['http://127.0.0.1:12111', 'http://[::1]:12111', 'https://proxy.example'])
      expect(loadConfig({ ...live, STRIPE_API_URL: url }).stripeApi.url).toBe(url);
    expect(loadConfig({ STRIPE_API_KEYS: 'rk_test_demo', STRIPE_API_URL: simulator }).stripeApi.url).toBe(simulator);
  });

  it('lets the key of another program of Stripe’s be set', () => {
    const { warnings } = loadConfig({ ...PRODUCTION, STRIPE_API_KEY: 'sk_test_51abcdef' });
    expect(warnings).toEqual(['STRIPE_API_KEY is not read; did you mean STRIPE_API_KEYS?']);
  });

  it('reports all mistakes at once', () => {
    const message = messageOf(() => loadConfig({ ...signing('x=y'), ...tokens('z'), PORT: 'http' }));
    expect(message).toMatch(/PORT/);
    expect(message).toMatch(/STRIPE_WEBHOOK_SECRETS: entry 2/);
    expect(message).toMatch(/API_TOKENS: entry 2/);
  });

  it('repeats no value of any variable', () => {
    const names = [
      'ROLES',
      'PORT',
      'LOG_LEVEL',
      'EVENTSTORE_URL',
      'DATABASE_URL',
      'STRIPE_WEBHOOK_SECRETS',
      'API_TOKENS',
      'STRIPE_API_KEYS',
      'STRIPE_API_URL',
      'APPEND_BYTES_MAX',
      'ACCESS_TRIALING',
      'ACCESS_GRACE_DAYS',
      'ACCESS_PAUSE_COLLECTION_DENIES',
      'READ_TIMEOUT_MS',
    ];
    for (const name of names) {
      const message = messageOf(() => loadConfig({ [name]: 's3cret=s3cret' }));
      expect(message).toContain(name);
      expect(message).not.toContain('s3cret');
    }
  });

  it('makes secrets for a data directory once, readable by its owner only', async () => {
    const directory = await temporaryDirectory();
    try {
      const config = loadConfig({ DATA_DIR: join(directory.path, 'new') });
      const first = withLocalSecrets(config);
      expect(first.config.webhookSecrets).toEqual([{ label: 'local', secret: first.made?.webhookSecret }]);
      expect(withLocalSecrets(config)).toEqual(first);
      const file = join(directory.path, 'new', 'secrets.json');
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(first.made);
      expect(statSync(file).mode & 0o077).toBe(0);
    } finally {
      await directory.remove();
    }
  });

  it('leaves configured secrets unchanged', () => {
    expect(withLocalSecrets(loadConfig(PRODUCTION))).toEqual({ config: loadConfig(PRODUCTION), made: null });
  });
});
