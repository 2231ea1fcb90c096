import { NEEDED_TYPES } from './event-types.js';
import { unreadable, type Refusal } from './refusals.js';
import type { Reply, StripeApi } from './stripe-api.js';

/** The newest API version that the ledger is tested with; new endpoints use it. */
export const NEWEST_VERSION = '2026-09-30.endive';

/** A webhook endpoint at Stripe. */
export type Endpoint = Readonly<{
  id: string;
  url: string;
  /** Null: the account's default version. */
  apiVersion: string | null;
  enabledEvents: readonly string[];
  isEnabled: boolean;
  livemode: boolean;
  metadata: Readonly<Record<string, string>>;
  created: number;
}>;

/** A fault of an endpoint that loses events, or will. */
export type EndpointFault = Readonly<{
  kind: 'missing' | 'disabled' | 'types' | 'no_version' | 'newer_version' | 'several' | 'other_mode' | 'unsaved';
  endpoint: string | null;
  text: string;
  remedy: string;
}>;

const PATH = '/v1/webhook_endpoints';
/** Marks an endpoint until its secret is stored; a crash may have lost the secret. */
const STATE = 'ledger_secret';
const request = { resource: 'webhook_endpoint', path: PATH };

/** All endpoints of the account, the newest first. Stripe allows about 16 per account. */
export async function endpointsOf(api: StripeApi): Promise<readonly Endpoint[] | Refusal> {
  const reply = await api.ask({ ...request, operation: 'list', params: { limit: '100' } });
  if (reply.kind !== 'answered') return reply;
  const { data = [] } = reply.value as { data?: readonly unknown[] };
  return data.flatMap((value) => endpointOf(value) ?? []);
}

function endpointOf(value: unknown): Endpoint | null {
  const { id, url, enabled_events: types, ...more } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== 'string' || typeof url !== 'string' || !Array.isArray(types)) return null;
  return {
    id,
    url,
    apiVersion: typeof more['api_version'] === 'string' ? more['api_version'] : null,
    enabledEvents: types.map(String),
    isEnabled: more['status'] === 'enabled',
    livemode: more['livemode'] === true,
    metadata: (more['metadata'] ?? {}) as Record<string, string>,
    created: Number(more['created'] ?? 0),
  };
}

/** Types that the endpoint needs but does not receive. */
export const missingTypes = ({ enabledEvents }: Endpoint): readonly string[] =>
  enabledEvents.includes('*') ? [] : NEEDED_TYPES.filter((type) => !enabledEvents.includes(type));

/** The faults of the endpoints at the ledger's URL. */
export function faultsOf(
  endpoints: readonly Endpoint[],
  { url, livemode }: Readonly<{ url: string; livemode: boolean }>,
): readonly EndpointFault[] {
  const ours = endpoints.filter((endpoint) => endpoint.url === url);
  if (ours.length === 0) return [fault('missing', null, `No endpoint has the address ${url}.`, 'endpoint create')];
  const versions = new Set(ours.map(({ apiVersion }) => apiVersion));
  const several =
    ours.length > 1 && versions.size === 1
      ? [
          fault(
            'several',
            null,
            `${ours.length} endpoints have this address and the same version, so each event arrives ${ours.length} times.`,
            'endpoint rotate --finish',
          ),
        ]
      : [];
  return [...several, ...ours.flatMap((endpoint) => faultsOfOne(endpoint, livemode))];
}

function faultsOfOne(endpoint: Endpoint, livemode: boolean): EndpointFault[] {
  const { id, isEnabled, apiVersion, metadata } = endpoint;
  const faults: EndpointFault[] = [];
  const missing = missingTypes(endpoint);
  if (!isEnabled)
    faults.push(fault('disabled', id, 'The endpoint is disabled, so nothing is delivered.', 'endpoint fix'));
  if (missing.length > 0)
    faults.push(fault('types', id, `The endpoint does not receive ${listed(missing)}.`, 'endpoint fix'));
  if (metadata[STATE] === 'unsaved')
    faults.push(fault('unsaved', id, 'Its secret was never saved, because a run was interrupted.', 'endpoint create'));
  if (endpoint.livemode !== livemode)
    faults.push(
      fault(
        'other_mode',
        id,
        `The endpoint belongs to ${endpoint.livemode ? 'live' : 'test'} mode.`,
        'use a key of that mode',
      ),
    );
  if (apiVersion === null)
    faults.push(
      fault(
        'no_version',
        id,
        'The endpoint has no API version of its own and follows that of the account.',
        'endpoint rotate',
      ),
    );
  else if (apiVersion.slice(0, 10) > NEWEST_VERSION.slice(0, 10))
    faults.push(
      fault(
        'newer_version',
        id,
        `Its API version ${apiVersion} is newer than ${NEWEST_VERSION}, the newest tested.`,
        'a newer version of the ledger, or endpoint rotate',
      ),
    );
  return faults;
}

const fault = (kind: EndpointFault['kind'], endpoint: string | null, text: string, remedy: string): EndpointFault => ({
  kind,
  endpoint,
  text,
  remedy,
});

const LISTED_MAX = 5;
const listed = (types: readonly string[]): string =>
  types.length <= LISTED_MAX
    ? types.join(', ')
    : `${types.slice(0, LISTED_MAX).join(', ')} and ${types.length - LISTED_MAX} more`;

/** The endpoints at a URL whose secret was lost in a crash: their deliveries cannot be verified. */
export const unsaved = (endpoints: readonly Endpoint[], url: string): readonly Endpoint[] =>
  endpoints.filter((endpoint) => endpoint.url === url && endpoint.metadata[STATE] === 'unsaved');

/** Creates an endpoint and returns its secret, which Stripe never shows again. Call `saved` once it is stored. */
export async function createEndpoint(
  api: StripeApi,
  { url, all, apiVersion = NEWEST_VERSION }: Readonly<{ url: string; all: boolean; apiVersion?: string }>,
): Promise<Readonly<{ kind: 'created'; endpoint: Endpoint; secret: string }> | Refusal> {
  const reply = await api.ask({
    ...request,
    operation: 'create',
    params: {
      url,
      api_version: apiVersion,
      ...typeParams(all ? ['*'] : NEEDED_TYPES),
      [`metadata[${STATE}]`]: 'unsaved',
    },
  });
  if (reply.kind !== 'answered') return reply;
  const endpoint = endpointOf(reply.value);
  const { secret } = reply.value as { secret?: unknown };
  if (endpoint === null || typeof secret !== 'string') return unreadable('the endpoint');
  return { kind: 'created', endpoint, secret };
}

const typeParams = (types: readonly string[]): Record<string, string> =>
  Object.fromEntries(types.map((type, index) => [`enabled_events[${index}]`, type]));

const changed = (api: StripeApi, id: string, params: Readonly<Record<string, string>>): Promise<Reply | Refusal> =>
  api.ask({ ...request, operation: 'update', path: `${PATH}/${encodeURIComponent(id)}`, params });

/** Marks the secret of an endpoint as stored. */
export const saved = (api: StripeApi, { id }: Endpoint): Promise<Reply | Refusal> =>
  changed(api, id, { [`metadata[${STATE}]`]: 'kept' });

/** Enables an endpoint and adds the types that it lacks; removes none. */
export const fixEndpoint = (api: StripeApi, endpoint: Endpoint): Promise<Reply | Refusal> =>
  changed(api, endpoint.id, {
    disabled: 'false',
    ...typeParams([...endpoint.enabledEvents, ...missingTypes(endpoint)]),
  });

export const disableEndpoint = (api: StripeApi, { id }: Endpoint): Promise<Reply | Refusal> =>
  changed(api, id, { disabled: 'true' });

export const deleteEndpoint = (api: StripeApi, { id }: Endpoint): Promise<Reply | Refusal> =>
  api.ask({ ...request, operation: 'delete', path: `${PATH}/${encodeURIComponent(id)}` });
