import type { Break } from '../breaks.ts'

export const chordBreaks: readonly Break[] = []
