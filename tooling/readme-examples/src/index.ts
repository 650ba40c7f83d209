/** The examples of the READMEs: found, type-checked and run. */
export { type Example, extractExamples } from './extract.ts'
export { examplesOf, packageFolders, readmes, root } from './readmes.ts'
export { runProgram, type RunSettings } from './run-program.ts'
export { typeErrors } from './type-errors.ts'
