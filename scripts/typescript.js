/**
 * Lets Node 20 run TypeScript files of this repository: `node --import ./scripts/typescript.js bench/step.ts`.
 * Types are stripped, not checked; `npm run check` checks them. Needed until Node 22.18 is the floor.
 */
import { register } from "node:module";

register("./typescript-hooks.js", import.meta.url);
