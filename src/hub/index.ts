/** Models by their hub ids. */
export { parseHubName } from "./name.ts";
export type { HubName } from "./name.ts";
export type { HubProgress } from "./progress.ts";
export { refusePresetSlip, resolveModel } from "./resolve.ts";
export type { HubOrigin, ModelPlace, ResolveOptions } from "./resolve.ts";
export type { HubOptions } from "./settings.ts";
