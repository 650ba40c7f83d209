// Runs one case in a process of its own: `runner.js SUITE CASE RUNS`. It tells its parent who is at work, and in the end the outcome.
import { runRounds } from './rounds.ts'
import { suites } from './suites/index.ts'

const [suiteName, caseName, runs] = process.argv.slice(2)
const found = suites.find(({ name }) => name === suiteName)?.cases.find(({ name }) => name === caseName)
if (found === undefined) throw new Error(`there is no case ${String(caseName)} in ${String(suiteName)}`)

const outcome = await runRounds(found, Number(runs), progress => process.send?.({ progress }))
process.send?.({ outcome }, () => process.exit())
