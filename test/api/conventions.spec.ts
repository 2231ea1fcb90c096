import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { gunzipSync } from 'node:zlib';
import { deliver, READ_TOKEN } from '../support/delivery.js';
import { asDocumented } from '../support/openapi.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

const SUBSCRIPTIONS = 30;

let ledger: TestLedger;
let position: string;
const customer = randomId('cus');
const ids = Array.from({ length: SUBSCRIPTIONS }, () => randomId('sub')).sort();
const [first = ''] = ids;

const get = (path: string): Test =>
  request(ledger.url)
    .get(path)
    .set('authorization', `Bearer ${READ_TOKEN}`)
    .expect((answer) => {
      if (!Buffer.isBuffer(answer.body) && answer.status !== 304) asDocumented(answer);
    });

beforeAll(async () => {
  ledger = await startLedger();
  for (const id of ids)
    ({ position } = (
      await deliver(ledger.url, JSON.stringify(subscriptionEvent(id, { created: START, object: { customer } })))
    ).body);
  await list().expect(200);
}, 60_000);
afterAll(() => ledger.stop());

/** Reads of this customer that wait until all of its events are in the rows. */
const list = (query = ''): Test =>
  get(`/v1/customers/${customer}/subscriptions?minPosition=${position}&limit=200${query}`);

describe('X-Request-Id', () => {
  it('is the client’s own where that is well formed, also in a problem', async () => {
    const answer = await get('/v1/subscriptions/sub_nobody').set('x-request-id', 'mine-1');
    expect(answer.headers).toMatchObject({ 'x-request-id': 'mine-1' });
    expect(answer.body).toMatchObject({ code: 'not_found', instance: 'urn:subscription-ledger:request:mine-1' });
  });

  it.each(['not one word', 'x'.repeat(129), '<script>'])('is a new one instead of %j', async (given) => {
    const { headers } = await get('/health/live').set('x-request-id', given);
    expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  });
});

describe('GET /problems', () => {
  it('explains a code to everyone', async () => {
    expect((await request(ledger.url).get('/problems/position_not_reached')).body).toEqual({
      code: 'position_not_reached',
      type: 'urn:subscription-ledger:problem:position_not_reached',
      status: 503,
      title: 'Position not reached yet',
      remedy: expect.stringMatching(/\S/),
      retryable: true,
      retryAfterS: 1,
    });
    const { body } = await request(ledger.url).get('/problems');
    expect(body.data).toContainEqual(expect.objectContaining({ code: 'bad_query', retryable: false }));
  });

  it('knows no code that is not registered', async () => {
    const answer = await request(ledger.url).get('/problems/toString');
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

describe('Ledger-Position', () => {
  it('is at least the awaited position, and the next read may ask for it', async () => {
    const answer = await list();
    const reached = answer.headers['ledger-position'];
    expect(BigInt(reached ?? -1)).toBeGreaterThanOrEqual(BigInt(position));
    expect((await get(`/v1/subscriptions/${first}?minPosition=${reached}`)).status).toBe(200);
  });

  it('is on no answer that is not read from the read models', async () => {
    expect((await get('/health/live')).headers).not.toHaveProperty('ledger-position');
  });
});

describe('ETag', () => {
  it('is weak, and avoids sending what has not changed', async () => {
    const answer = await get(`/v1/subscriptions/${first}?minPosition=${position}`);
    const tag = String(answer.headers['etag']);
    expect(tag).toMatch(/^W\/"[\w-]+"$/);
    for (const known of [tag, `"other", ${tag}`, tag.replace('W/', ''), '*']) {
      const again = await get(`/v1/subscriptions/${first}`).set('if-none-match', known);
      expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', tag]);
    }
  });

  it('is another one of another answer', async () => {
    const answer = await get(`/v1/subscriptions/${first}?minPosition=${position}`);
    const other = await get(`/v1/subscriptions/${ids[1]}`).set('if-none-match', String(answer.headers['etag']));
    expect([other.status, other.body.id]).toEqual([200, ids[1]]);
  });

  it('does not spare a problem', async () => {
    expect((await get('/v1/subscriptions/sub_nobody').set('if-none-match', '*')).status).toBe(404);
  });
});

describe('Link', () => {
  it('leads through the pages of a list', async () => {
    const found: string[] = [];
    let path = `/v1/customers/${customer}/subscriptions?minPosition=${position}&limit=7`;
    for (;;) {
      const { body, headers } = await get(path);
      found.push(...(body.data as { id: string }[]).map(({ id }) => id));
      const next = /^<([^>]+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
      expect(next === undefined).toBe(body.nextCursor === null);
      if (next === undefined) break;
      path = next;
    }
    expect(found.sort()).toEqual(ids);
  });

  it.each(['&trueAt=2030-01-01T00:00:00Z', '&knownAt=POSITION'])(
    'leads through those of the past: %s',
    async (moment) => {
      const { body, headers } = await get(
        `/v1/customers/${customer}/subscriptions?limit=7${moment.replace('POSITION', position)}`,
      );
      expect(new URL(String(headers['link']).slice(1), 'http://ledger').href).toContain(`cursor=${body.nextCursor}`);
    },
  );
});

describe('compression', () => {
  it('is used for large answers, to clients that accept gzip', async () => {
    const asked = list().set('accept-encoding', 'gzip').buffer(true);
    const bytes = asked.parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks)));
    });
    const { headers, body } = await bytes;
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    const plain = await list().set('accept-encoding', 'identity');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    // supertest's agent may have decompressed the answer already.
    const text = body[0] === 0x1f ? gunzipSync(body as Buffer).toString() : (body as Buffer).toString();
    expect(JSON.parse(text)).toEqual(plain.body);
    expect(Number(headers['content-length'])).toBeLessThan(plain.text.length / 4);
  });

  it.each(['gzip;q=0', 'br', 'gzip; q=0.0, br'])('is not used for clients that accept %j', async (given) => {
    expect((await list().set('accept-encoding', given)).headers).not.toHaveProperty('content-encoding');
  });

  it('is not for small ones', async () => {
    expect((await get(`/v1/subscriptions/${first}`).set('accept-encoding', 'gzip')).headers).not.toHaveProperty(
      'content-encoding',
    );
  });
});
