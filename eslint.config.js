import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Part of `npm run check`, with prettier and tsc. A rule that is off has its reason beside it. */
export default defineConfig(
  globalIgnores([
    'dist',
    'dist-load',
    'data',
    'coverage',
    'test/fixtures',
    'test/official-client',
    // Generated from docs/openapi.json.
    'packages/client/src/openapi.ts',
    '**/*.mjs',
    '**/*.cjs',
    '*.js',
  ]),
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An implementation of an asynchronous interface may have nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Fields of Stripe's JSON are unknown; `String` turns any of them into text for comparison or display.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['test/**', 'packages/*/test/**'],
    rules: {
      // A test asserts the shape of parsed JSON; its `any` ends in an `expect`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A cast in a test states the intended type, or creates a value that no type allows.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // The official client's errors have string enums; tests compare them with the protocol's strings.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
);
