/**
 * The build of every library package. One place, so that the day tsup is replaced is a change of one file.
 *
 * @param {string[]} entry the package's public entries, one per subpath of its `exports`
 */
export const library = (entry = ['src/index.ts']) => ({
  entry,
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
  // tsup injects `baseUrl`, which TypeScript 6 refuses unless told otherwise; consumers do not know our source condition.
  dts: { compilerOptions: { ignoreDeprecations: '6.0', customConditions: [] } },
})
