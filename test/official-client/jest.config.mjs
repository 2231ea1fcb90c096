import { resolve } from 'node:path';
import { LEFT_OUT_SPECS } from './left-out.mjs';

/** Runs a copy of the official client's specs, as CommonJS, against our server instead of theirs. */
const root = resolve(import.meta.dirname, '../..');

export default {
  rootDir: resolve(root, 'dist-official-client'),
  testMatch: ['**/src/**/*.test.ts'],
  testPathIgnorePatterns: Object.keys(LEFT_OUT_SPECS).map((spec) => `/src/${spec.replace('.', '\\.')}`),
  moduleNameMapper: {
    '^@test-utils$': '<rootDir>/src/utils',
    '^\\./Cluster$': resolve(root, 'test/official-client/cluster.ts'),
    '^\\.\\./support/tls\\.js$': resolve(root, 'test/support/tls.ts'),
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs', ignoreDynamic: true },
        sourceMaps: 'inline',
      },
    ],
  },
  /** The snapshots were written by jest 27. */
  snapshotFormat: { escapeString: true, printBasicPrototype: true },
  maxWorkers: 2,
  testTimeout: 60_000,
};
