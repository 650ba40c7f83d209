// Imports a peer from this folder's node_modules.
export const load = name => import(name)
