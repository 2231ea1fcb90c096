import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { AccessChange } from './change.js';
import type { Endpoint } from './outbox-config.js';

/** The outcome of a delivery. `gone`: the receiver answered 410 and wants no more. */
export type Delivered =
  Readonly<{ kind: 'delivered' }> | Readonly<{ kind: 'gone' }> | Readonly<{ kind: 'failed'; cause: string }>;

const ANSWER_WITHIN_MS = 10_000;

/** Networks outside the public Internet, or that embed IPv4 addresses: a URL must not lead into a private network. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** Whether an address is outside the public Internet, including IPv4 addresses written as IPv6. */
export const isPrivate = (address: string): boolean => {
  const family = isIP(address);
  if (family === 4) return PRIVATE.check(address, 'ipv4');
  return family === 6 && (PRIVATE.check(address, 'ipv6') || /^::ffff:/i.test(address));
};

class PrivateAddress extends Error {
  constructor() {
    super('the URL is in a private network; set WEBHOOK_OUT_PRIVATE=yes to allow it');
  }
}

type Resolved = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves a name at connection time and refuses private addresses, since a name may resolve differently each time. */
function publicLookup(name: string, options: LookupOptions, done: Resolved): void {
  resolve(name, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return done(error ?? new Error('no address'), []);
    if (addresses.some(({ address }) => isPrivate(address))) return done(new PrivateAddress(), []);
    if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
}

/** Sends a change, signed by Standard Webhooks. Follows no redirects; only a 2xx within 10 s counts. */
export function send(
  { url, secrets }: Pick<Endpoint, 'url' | 'secrets'>,
  change: AccessChange,
  { allowsPrivate, now }: { allowsPrivate: boolean; now: Date },
): Promise<Delivered> {
  const body = JSON.stringify(change);
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (!allowsPrivate && isPrivate(host))
    return Promise.resolve({ kind: 'failed', cause: new PrivateAddress().message });
  return new Promise((resolved) => {
    const failed = (error: Error): void => resolved({ kind: 'failed', cause: error.message });
    const request = (target.protocol === 'http:' ? requestHttp : requestHttps)(target, {
      method: 'POST',
      ...(allowsPrivate ? {} : { lookup: publicLookup }),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'subscription-ledger',
        'webhook-id': change.id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(change.id, now, body)).join(' '),
      },
    });
    const limit = setTimeout(
      () => request.destroy(new Error(`no response within ${ANSWER_WITHIN_MS / 1000} s`)),
      ANSWER_WITHIN_MS,
    );
    request.on('close', () => clearTimeout(limit));
    request.on('error', failed);
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      // Only the status matters; the body is discarded.
      response.on('error', () => undefined);
      response.destroy();
      if (statusCode >= 200 && statusCode < 300) resolved({ kind: 'delivered' });
      else if (statusCode === 410) resolved({ kind: 'gone' });
      else resolved({ kind: 'failed', cause: `the response status was ${statusCode}` });
    });
    request.end(body);
  });
}
