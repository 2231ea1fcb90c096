import { describe, expect, it } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_ACCESS_POLICY } from '../../src/access/policy.js';
import { ConfigError, loadConfig } from '../../src/config.js';
import { withLocalSecrets } from '../../src/local-secrets.js';
import { temporaryDirectory } from '../support/servers.js';

const PRODUCTION = { NODE_ENV: 'production', STRIPE_WEBHOOK_SECRETS: 'main=whsec_1', API_TOKENS: 'read=0123456789abcdef' };

describe('the configuration', () => {
  it('needs nothing for a local run', () => {
    expect(loadConfig({})).toMatchObject({ production: false, host: '127.0.0.1', port: 3000, dataDirectory: 'data', eventstoreUrl: 'embedded', databaseUrl: 'embedded', webhookSecrets: [], apiTokens: [] });
  });

  it('takes several secrets, for rotation and for several endpoints, and tokens with scopes', () => {
    expect(loadConfig({ ...PRODUCTION, STRIPE_WEBHOOK_SECRETS: 'main=whsec_1, connect=whsec_2,whsec_3', API_TOKENS: 'read=0123456789abcdef,read+admin=fedcba9876543210' })).toMatchObject({
      webhookSecrets: [{ label: 'main', secret: 'whsec_1' }, { label: 'connect', secret: 'whsec_2' }, { label: 'default', secret: 'whsec_3' }],
      apiTokens: [{ token: '0123456789abcdef', scopes: ['read'] }, { token: 'fedcba9876543210', scopes: ['read', 'admin'] }],
    });
  });

  it('plays all roles unless told, and wants only what they need', () => {
    expect(loadConfig({}).roles).toEqual(['ingest', 'project', 'api']);
    expect(loadConfig({ ...PRODUCTION, ROLES: 'api, project', STRIPE_WEBHOOK_SECRETS: '' })).toMatchObject({ roles: ['api', 'project'], webhookSecrets: [] });
  });

  it('has a policy of access, of which each part can be set by itself', () => {
    expect(loadConfig({}).access).toEqual(DEFAULT_ACCESS_POLICY);
    expect(loadConfig({ ACCESS_GRACE_DAYS: 'past_due=14, paused=3' }).access).toEqual({ ...DEFAULT_ACCESS_POLICY, graceDays: { past_due: 14, unpaid: 0, paused: 3, incomplete: 0 } });
    expect(loadConfig({ ACCESS_TRIALING: 'no', ACCESS_RENEWAL_GRACE_HOURS: '0', ACCESS_PAUSE_COLLECTION_DENIES: 'none', ACCESS_CANCELED_UNTIL_PERIOD_END: 'yes' }).access).toEqual({
      trialing: false, graceDays: DEFAULT_ACCESS_POLICY.graceDays, renewalGraceHours: 0, pauseCollectionDenies: [], canceledUntilPeriodEnd: true,
    });
    expect(loadConfig({ ACCESS_PAUSE_COLLECTION_DENIES: 'void keep_as_draft' }).access.pauseCollectionDenies).toEqual(['void', 'keep_as_draft']);
  });

  it.each([
    ['a role that does not exist', { ROLES: 'ingest,write' }, /ROLES.*must be some of ingest, project, api/],
    ['no role at all', { ROLES: ',' }, /ROLES/],
    ['grace for a status that has none', { ACCESS_GRACE_DAYS: 'canceled=7' }, /ACCESS_GRACE_DAYS.*past_due, unpaid/],
    ['grace that is no number of days', { ACCESS_GRACE_DAYS: 'past_due=soon' }, /ACCESS_GRACE_DAYS.*number/],
    ['a way to pause collection that Stripe does not know', { ACCESS_PAUSE_COLLECTION_DENIES: 'avoid' }, /ACCESS_PAUSE_COLLECTION_DENIES.*keep_as_draft/],
    ['an answer that is neither yes nor no', { ACCESS_TRIALING: 'maybe' }, /ACCESS_TRIALING.*"yes"/],
    ['production without secrets', { ...PRODUCTION, STRIPE_WEBHOOK_SECRETS: '' }, /STRIPE_WEBHOOK_SECRETS: needed/],
    ['production without tokens', { ...PRODUCTION, API_TOKENS: undefined }, /API_TOKENS: needed/],
    ['a secret that is none of Stripe’s', { STRIPE_WEBHOOK_SECRETS: 'main=sk_live_1' }, /whsec_/],
    ['a token that is too short', { API_TOKENS: 'read=short' }, /16 characters/],
    ['a scope that does not exist', { API_TOKENS: 'write=0123456789abcdef' }, /"write" does not exist/],
    ['a port that is none', { PORT: 'http' }, /PORT/],
    ['a store that is not EventStoreDB', { EVENTSTORE_URL: 'http://localhost' }, /esdb:\/\//],
    ['a database that is not Postgres', { DATABASE_URL: 'mysql://localhost' }, /postgres:\/\//],
  ])('refuses %s and says what to do', (_name, env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
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

  it('leaves configured secrets as they are', () => {
    expect(withLocalSecrets(loadConfig(PRODUCTION))).toEqual({ config: loadConfig(PRODUCTION), made: null });
  });
});
