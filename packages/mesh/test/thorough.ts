/** Whether counts are high, which takes minutes: `P2P_THOROUGH=1 npx vitest run`. What they are run for, `npm run simulate` and `npm run fuzz` do in CI as well. */
export const thorough: boolean = process.env['P2P_THOROUGH'] === '1'
