const conditions = ['@p2p/source', 'module', 'node', 'import', 'default']

/** The tests of every package: they read the sources of their neighbours, so no build comes first. */
export const tests = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@p2p/source'] } },
  test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 20_000 },
}
