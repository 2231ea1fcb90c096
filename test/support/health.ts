import { read } from './delivery.js';

type Reads = { ready: boolean; catchUp: string; cause?: string; postgres: string };

/** How the reads of a service are, as it tells those who have a token in /health/ready. */
export const readsOf = async ({ url }: { url: string }): Promise<Reads> =>
  (await read<{ reads: Reads }>(url, '/health/ready')).body.reads;
