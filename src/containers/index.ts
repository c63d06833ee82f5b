/** Containers: their configuration, networks, launch programs and state. */
export { createNetwork, removeNetwork } from "./network/manage.ts";
export { NETWORK_STORE, readNetworks } from "./network/network-store.ts";
export { formatSubnet } from "./network/subnet.ts";
export { parseContainerId } from "./runtime/container-id.ts";
export { createContainer } from "./runtime/create.ts";
export { deleteContainer } from "./runtime/delete.ts";
export { runHooks } from "./runtime/hooks.ts";
export { killContainer, parseSignal } from "./runtime/kill.ts";
export { pauseContainer } from "./runtime/pause.ts";
export { DEFAULT_STATE, listContainers, readRecord } from "./runtime/record.ts";
export { startContainer } from "./runtime/start.ts";
export { containerState } from "./runtime/state.ts";
export { parseConfig } from "./spec/config.ts";
