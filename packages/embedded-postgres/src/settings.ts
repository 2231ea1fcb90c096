import { listeningSettings, type Address } from './listening.js';

/** How the embedded server is set. Durability is whole; memory and processes are few; the log is short and free of row contents. */
const settings = {
  max_connections: 50,
  shared_buffers: '32MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // One server without replicas: the least write-ahead log, and no processes that only replication and parallel queries use.
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_logical_replication_workers: 0,
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
} as const;

/** The command line of the server that listens at `address`; pg_ctl hands it to a shell, and no value holds a space. */
export const serverOptions = (address: Address): string =>
  Object.entries({ ...settings, ...listeningSettings(address) })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
