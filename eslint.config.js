export { default } from '@p2p/lint'
