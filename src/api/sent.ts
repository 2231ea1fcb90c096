import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

const SLOW_READER_MS = 30_000;

/**
 * Writes to a stream of events, and waits until the connection has accepted it, so that at most one event is buffered
 * per reader.
 * @throws when the connection has accepted nothing for `slowMs`; it is then cut
 */
export async function sent(
  response: ServerResponse,
  text: string,
  signal: AbortSignal,
  slowMs = SLOW_READER_MS,
): Promise<void> {
  if (response.write(text)) return;
  const limit = AbortSignal.timeout(slowMs);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, limit]) });
  } catch (error) {
    if (limit.aborted) response.destroy();
    throw error;
  }
}
