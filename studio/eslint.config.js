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
      // inline styles and HTML from strings are refused by the server's policy
      'svelte/no-at-html-tags': 'error',
      'svelte/no-inline-styles': ['error', { allowTransitions: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      'no-console': 'error',
      // links hold addresses of the hash, which no router rewrites
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  { files: ['scripts/**', 'src/draw/**'], rules: { 'no-console': 'off' } },
);
