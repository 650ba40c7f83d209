/** A block of TypeScript in a README, a program of its own. */
export interface Example {
  /** The README, relative to the workspace's root. */
  readonly readme: string
  /** The line of the README on which the code begins, from 1. */
  readonly line: number
  /** The code, preceded by as many empty lines as the README has lines before it, so that its line numbers are the README's. */
  readonly code: string
  /** Whether it runs as it stands; a block marked `no-run` is a fragment that is only type-checked. */
  readonly runs: boolean
}

/** Finds the blocks fenced as `ts` or `ts no-run`. @throws for another mark after `ts`, and for a fence that is never closed */
export const extractExamples = (readme: string, markdown: string): Example[] => {
  const examples: Example[] = []
  let open: { readonly fence: string; readonly info: string; readonly line: number } | undefined
  const lines = markdown.split(/\r?\n/u)
  for (const [index, text] of lines.entries()) {
    const [, fence, info] = /^\s*(`{3,})\s*(.*?)\s*$/u.exec(text) ?? []
    if (fence === undefined || info === undefined) continue
    if (open === undefined) open = { fence, info, line: index + 2 }
    else if (fence.length >= open.fence.length && info === '') {
      const [language, ...marks] = open.info.split(/\s+/u)
      if (language === 'ts') {
        const unknown = marks.find(mark => mark !== 'no-run')
        if (unknown !== undefined)
          throw new Error(`${readme}:${open.line - 1}: unknown mark "${unknown}" after ts`)
        const code = '\n'.repeat(open.line - 1) + lines.slice(open.line - 1, index).join('\n') + '\n'
        examples.push({ readme, line: open.line, code, runs: marks.length === 0 })
      }
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${readme}:${open.line - 1}: this fence is never closed`)
  return examples
}
