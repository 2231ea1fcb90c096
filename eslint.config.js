import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** `npm run check` runs this, with prettier and tsc. A rule that is off says why. */
export default defineConfig(
  globalIgnores([
    'dist',
    'dist-load',
    'data',
    'coverage',
    'test/fixtures',
    'test/official-client',
    // Made from docs/openapi.json.
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
      // An implementation of an asynchronous interface may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Fields of Stripe's JSON are unknown; `String` makes any of them a text that is compared or shown, and never throws.
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
      // A test asserts the form of what it has parsed; its `any` ends in an `expect`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A cast in a test names the type that is meant, or makes a value that no type allows.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // The official client's errors have enums of strings, which tests name as the protocol does.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
);
