import { VERSION as EVENTSTORE_VERSION } from '../../packages/embedded-eventstore/src/version.js';
import { installedVersion } from '../../packages/embedded-postgres/src/index.js';
import { VERSION_OF_BUILD } from '../version.js';

/** The text of `--version`: the versions that a bug report needs. */
export async function versions(): Promise<string> {
  return `subscription-ledger ${VERSION_OF_BUILD}
Node ${process.versions.node} on ${process.platform} ${process.arch}
embedded event store: behaves as EventStoreDB ${EVENTSTORE_VERSION}
embedded Postgres: ${(await installedVersion()) ?? 'not installed'}
`;
}
