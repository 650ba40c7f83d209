/**
 * The parts of a node, for the simulator, which looks into them and plants bugs to see whether its checks catch them. Not published: this entry exists in the workspace only.
 *
 * @packageDocumentation
 */
export { ChordNode } from './chord-node.ts'
export { Circle } from './circle.ts'
export { Fingers } from './fingers.ts'
export { Holder } from './holder.ts'
export { type Member, type Point, type PointOf, pointOf } from './member.ts'
export { checkOptions } from './options.ts'
export { Place } from './place.ts'
export { isInside, toPosition } from './position.ts'
export { Repair } from './repair.ts'
export { Stabilisation } from './stabilisation.ts'
export { Store } from './store.ts'
export { Table } from './table.ts'
