import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { caseProcess } from './case-process.ts'
import type { Suite } from './case.ts'
import { type Figure, figures, judge } from './figures.ts'
import { installPeers } from './peers.ts'
import { suites } from './suites/index.ts'
import { table } from './table.ts'

// Seen from the bundle, in which each program is a file of its own.
const runner = new URL('runner.js', import.meta.url)

interface Options {
  readonly runs: number
  readonly case?: string
  readonly json?: string
  readonly list?: true
}

const whole = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
  return Number(text)
}

/** The command line. @returns the exit code: 0 if all was measured, 1 if a case has failed, 2 for bad usage. A bar that is missed is no failure. */
export const bench = async (args: readonly string[]): Promise<number> => {
  const command = new Command('npm run bench --')
    .description('Measures ours beside what a user would pick instead, and beside what the machine can do.')
    .argument('[suite]', 'what to measure; all of it by default')
    .option('--runs <N>', 'rounds in which all contenders take their turns', whole, 9)
    .option('--case <TEXT>', 'only cases whose name contains this')
    .option('--json <FILE>', 'write all figures to this file')
    .option('--list', 'list the suites and their cases')
    .exitOverride()
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    // Commander has said what is wrong; or it was asked for help, which is no error
    return (error as { exitCode?: number }).exitCode === 0 ? 0 : 2
  }
  const { runs, case: part = '', json, list }: Options = command.opts()
  const [name] = command.args
  const chosen = suites
    .filter(suite => name === undefined || suite.name === name)
    .map(suite => ({ ...suite, cases: suite.cases.filter(each => each.name.includes(part)) }))
    .filter(({ cases }) => cases.length > 0)
  if (chosen.length === 0) {
    console.error(`error: there is no such suite or case; --list lists them`)
    return 2
  }
  if (list === true) {
    for (const { name: suite, about, cases } of chosen) {
      console.log(`${suite}: ${about}`)
      for (const each of cases) console.log(`  ${each.name}`)
    }
    return 0
  }
  const failure = await installPeers(line => console.error(line))
  if (failure !== undefined) console.error(`The peers are skipped: ${failure}`)
  return measure(chosen, runs, json)
}

const measure = async (chosen: readonly Suite[], runs: number, json: string | undefined): Promise<number> => {
  const all: Figure[] = []
  let [met, bars, failed] = [0, 0, 0]
  for (const suite of chosen) {
    for (const each of suite.cases) {
      try {
        const { name, longestTurn } = each
        const settings = { what: `${suite.name}, ${name}`, ...(longestTurn !== undefined && { longestTurn }) }
        const outcome = await caseProcess(runner, [suite.name, name, String(runs)], settings)
        const verdicts = each.bars.map(bar => judge(outcome, bar))
        console.log(table(suite.name, each, outcome, verdicts))
        all.push(...figures(suite.name, each, outcome))
        met += verdicts.filter(verdict => verdict.met).length
        bars += verdicts.length
      } catch (error) {
        failed++
        console.error(`FAILED  ${suite.name}, ${each.name}: ${String(error)}`)
      }
      // After each case, so that a run that is broken off leaves what it has.
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`)
    }
  }
  console.log(`${met} of ${bars} bars met${failed > 0 ? `, ${failed} cases failed` : ''}`)
  return failed > 0 ? 1 : 0
}
