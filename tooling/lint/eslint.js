import tseslint from 'typescript-eslint'

/** Clocks, dice and timers: a protocol core gets them as parameters, so that a run replays from a seed. */
const impure = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['performance', 'now'],
  ['crypto', 'getRandomValues'],
].map(([object, property]) => ({
  object,
  property,
  message: 'A core takes its clock and its dice as parameters (DESIGN §3).',
}))

const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(name => ({
  name,
  message: 'A core sets no timers: it says what it wants and its shell does it (DESIGN §3).',
}))

const nodeImports = {
  patterns: [
    {
      group: ['node:*'],
      message: 'This file runs in a browser too: put what needs Node in a file of its own.',
    },
  ],
}

/** Folders whose files are pure state machines. */
const cores = [
  'packages/replica/src/**',
  'packages/framing/src/**',
  'packages/chord/src/**',
  'packages/*/src/core/**',
]

/** Packages that run in a browser, but for the files listed in `nodeOnly`. */
const browser = ['interfaces', 'framing', 'replica', 'noise', 'mesh', 'sync', 'chord'].map(
  name => `packages/${name}/src/**`,
)
const nodeOnly = ['packages/*/src/**/*.node.ts']

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/coverage/**',
      '**/.turbo/**',
      'tooling/**/*.js',
      '**/*.mjs',
      '**/*.d.ts',
      '**/*.config.ts',
      'eslint.config.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Methods that keep an async contract need no await of their own.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      eqeqeq: 'error',
    },
  },
  { files: browser, ignores: nodeOnly, rules: { 'no-restricted-imports': ['error', nodeImports] } },
  {
    files: cores,
    rules: {
      'no-restricted-properties': ['error', ...impure],
      'no-restricted-globals': ['error', ...timers],
    },
  },
)
