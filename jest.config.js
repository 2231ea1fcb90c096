const swc = (syntax) => ({
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true, ...syntax },
    transform: {
      legacyDecorator: true,
      decoratorMetadata: true,
      react: { runtime: 'automatic', importSource: 'preact' },
    },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
});

/** Jest runs TypeScript as ES modules: swc compiles each file. */
export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  reporters: ['default', '<rootDir>/test/support/closing-line.mjs'],
  // One more than a small machine has cores: specs often wait for leases, timers and processes.
  maxWorkers: 3,
  // ES modules of finished spec files are never freed, and a worker near its heap limit mostly collects garbage.
  workerIdleMemoryLimit: '1GB',
  roots: ['<rootDir>/test', '<rootDir>/packages'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc({ tsx: false })], '^.+\\.tsx$': ['@swc/jest', swc({ tsx: true })] },
  testTimeout: 30_000,
};
