import { listeningSettings, type Address } from './listening.js';

/**
 * The settings of the embedded server: fully durable, little memory, few processes, a short log without row contents.
 */
const settings = {
  max_connections: 50,
  shared_buffers: '32MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // One server without replicas: a minimal write-ahead log, and no processes for replication and parallel queries.
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

/** Returns the server's command line for an address. pg_ctl passes it to a shell; no value contains a space. */
export const serverOptions = (address: Address): string =>
  Object.entries({ ...settings, ...listeningSettings(address) })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
