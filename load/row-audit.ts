import { differences, type ExpectedRow } from '../test/support/expected-row.js';
import type { Findings } from './findings.js';
import { HttpConnection } from './http-connection.js';

export interface RowAudit {
  readonly origin: URL;
  readonly token: string;
  /** The log position that rows must have reached. */
  readonly minPosition: bigint;
  /** The total time the read model may take to catch up. */
  readonly catchUpMs: number;
  readonly concurrency: number;
}

const WAIT_MS = 5000;

/** Queries the read API for every subscription and compares its rows with the truth. */
export async function auditRows(rows: Iterable<ExpectedRow>, audit: RowAudit, findings: Findings): Promise<number> {
  const deadlineMs = performance.now() + audit.catchUpMs;
  const waiting = rows[Symbol.iterator]();
  let compared = 0;
  const worker = async (): Promise<void> => {
    const connection = new HttpConnection(audit.origin, 4 * WAIT_MS);
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      await auditRow(connection, { expected: next.value, audit, deadlineMs }, findings);
      compared += 1;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: audit.concurrency }, worker));
  return compared;
}

async function auditRow(
  connection: HttpConnection,
  row: { expected: ExpectedRow; audit: RowAudit; deadlineMs: number },
  findings: Findings,
): Promise<void> {
  const { expected, audit, deadlineMs } = row;
  const id = String(expected['id']);
  const path = `/subscriptions/${id}?minPosition=${audit.minPosition}&waitMs=${WAIT_MS}`;
  let last: string;
  do {
    const { status, body } = await connection.request({
      method: 'GET',
      path,
      headers: { authorization: `Bearer ${audit.token}` },
    });
    if (status === 200) {
      const wrong = differences(expected, JSON.parse(body));
      if (wrong.length > 0) findings.add('subscription rows that are not the truth', `${id}: ${wrong.join('; ')}`);
      return;
    }
    last = `${status} ${body.slice(0, 200)}`;
    if (status === 401 || status === 403 || status === 404) break;
  } while (performance.now() < deadlineMs);
  findings.add('subscriptions without an answer', `${id}: ${last}`);
}
