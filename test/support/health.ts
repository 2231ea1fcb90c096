import { read } from './delivery.js';

type Reads = { ready: boolean; catchUp: string; cause?: string; postgres: string };

/** The state of a service's reads, as /health/ready reports it to clients with a token. */
export const readsOf = async ({ url }: { url: string }): Promise<Reads> =>
  (await read<{ reads: Reads }>(url, '/health/ready')).body.reads;
