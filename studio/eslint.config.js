import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import config from './svelte.config.js';

export default ts.config(
  { ignores: ['node_modules/', 'src/wire/openapi.ts'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig: config },
    },
  },
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // HTML from strings could hold anything
      'svelte/no-at-html-tags': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-console': 'error',
      // maps and sets are replaced whole, in `$state.raw`, and never changed in place
      'svelte/prefer-svelte-reactivity': 'off',
      // links hold addresses of the hash, which no router rewrites
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  { files: ['scripts/**', 'tests/**', 'src/draw/**'], rules: { 'no-console': 'off' } },
);
